"""Gives DuckDB its extension httpfs, as it would fetch it by itself, but out of a Python package: so it comes from where all tools of the
tests come from. DuckDB takes only what its makers have signed."""

import pathlib

import duckdb
import duckdb_extension_httpfs

folder = pathlib.Path(duckdb_extension_httpfs.__file__).parent
(file,) = folder.glob("extensions/*/httpfs.duckdb_extension")
duckdb.sql(f"INSTALL '{file}'")
