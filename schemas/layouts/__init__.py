"""Layouts of published documents: data, one file a layout and version; `schemas.layout` reads them."""
