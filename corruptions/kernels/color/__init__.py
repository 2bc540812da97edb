"""Operations on single pixel values and on channel means."""
