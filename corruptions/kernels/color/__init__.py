"""Operations on single values."""
