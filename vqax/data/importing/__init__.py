"""Questions about images in tables of any kind, brought into the layout of VQA."""

from vqax.data.importing.columns import Columns
from vqax.data.importing.layout import Written, write_layout
from vqax.data.importing.records import Imported, Records
from vqax.data.importing.tables import Source, read_rows

__all__ = ["Columns", "Imported", "Records", "Source", "Written", "read_rows", "write_layout"]
