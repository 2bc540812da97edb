from .log import check_loggers, log_results
from .names import LOGGERS

__all__ = ["LOGGERS", "check_loggers", "log_results"]
