"""Tables that people send, CSV and XLSX: read row by row, everything within limits, what is not read with a reason."""
