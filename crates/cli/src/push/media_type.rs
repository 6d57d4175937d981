//! Media types by file name. Short on purpose: the formats of data, and what browsers show.

/// The media type of a file named so.
pub(super) fn of(name: &str) -> &'static str {
    let extension = name.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map(|(_, extension)| extension.to_lowercase());
    match extension.as_deref().unwrap_or_default() {
        "csv" => "text/csv",
        "tsv" | "tab" => "text/tab-separated-values",
        "json" | "topojson" => "application/json",
        "geojson" => "application/geo+json",
        "jsonl" | "ndjson" => "application/x-ndjson",
        "parquet" => "application/vnd.apache.parquet",
        "arrow" => "application/vnd.apache.arrow.file",
        "arrows" => "application/vnd.apache.arrow.stream",
        "avro" => "application/vnd.apache.avro",
        "xml" => "application/xml",
        "yaml" | "yml" => "application/yaml",
        "txt" | "log" => "text/plain",
        "md" => "text/markdown",
        "html" | "htm" => "text/html",
        "pdf" => "application/pdf",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "svg" => "image/svg+xml",
        "tif" | "tiff" => "image/tiff",
        "gz" | "tgz" => "application/gzip",
        "zst" => "application/zstd",
        "zip" => "application/zip",
        "tar" => "application/x-tar",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "sqlite" | "sqlite3" => "application/vnd.sqlite3",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_last_extension_of_the_last_segment_counts() {
        let types = ["a/b.CSV", "x.csv.gz", "v1.2/data", ".hidden"].map(super::of);
        assert_eq!(types, ["text/csv", "application/gzip", "application/octet-stream", "application/octet-stream"]);
    }
}
