"""A run as files for elsewhere."""

from .report import Picture, Report, report_html

__all__ = ["Picture", "Report", "report_html"]
