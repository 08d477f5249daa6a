"""What an engine recorded, as tables with units: for a file, a download, another tool."""

from hedging.ledger.series_points import Kind, Span
from hedging.records.columns import Column, columns, schema
from hedging.records.files import Existing, Export, Form, Written, export
from hedging.records.tables import batches, table
from hedging.records.times import span_of, time_of

__all__ = [
    "Column",
    "Existing",
    "Export",
    "Form",
    "Kind",
    "Span",
    "Written",
    "batches",
    "columns",
    "export",
    "schema",
    "span_of",
    "table",
    "time_of",
]
