//! Between the port's words and S3's.

use aws_sdk_s3::primitives::DateTime;
use base64::{Engine, prelude::BASE64_STANDARD};
use domain::{PortError, PortErrorKind, PortResult, Timestamp};

/// Lower-case hex as the Base64 of S3's headers.
pub(super) fn header_checksum(operation: &'static str, sha256: &str) -> PortResult<String> {
    match hex::decode(sha256) {
        Ok(bytes) if bytes.len() == 32 => Ok(BASE64_STANDARD.encode(bytes)),
        _ => Err(PortError::new(PortErrorKind::InvalidArgument, operation).with("reason", "sha256 is not 64 hexadecimal digits")),
    }
}

/// A checksum of S3's headers: of the whole content, or, with the number of parts behind it, over those of the parts.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Checksums {
    pub(super) sha256: Option<String>,
    pub(super) composite_sha256: Option<String>,
}

/// Reads a checksum of S3's headers; one that can't be read counts as none.
pub(super) fn checksums(header: Option<&str>) -> Checksums {
    let Some(header) = header else { return Checksums::default() };
    let (text, is_composite) = match header.split_once('-') {
        Some((text, _)) => (text, true),
        None => (header, false),
    };
    let sha256 = BASE64_STANDARD.decode(text).ok().filter(|bytes| bytes.len() == 32).map(hex::encode);
    if is_composite { Checksums { sha256: None, composite_sha256: sha256 } } else { Checksums { sha256, composite_sha256: None } }
}

/// The version, where the bucket keeps versions.
pub(super) fn version(version: Option<String>) -> Option<String> {
    version.filter(|version| version != "null")
}

/// A time of S3; one that the product can't write is the epoch.
pub(super) fn timestamp(time: Option<&DateTime>) -> Timestamp {
    time.and_then(|time| time.to_millis().ok()).and_then(Timestamp::from_millis).unwrap_or(Timestamp::EPOCH)
}

/// A size that S3 tells.
pub(super) fn size(operation: &'static str, size: Option<i64>) -> PortResult<u64> {
    let size = size.and_then(|size| u64::try_from(size).ok());
    size.ok_or_else(|| PortError::new(PortErrorKind::Unexpected, operation).with("reason", "the answer has no size"))
}

/// A size to be told to S3.
pub(super) fn content_length(operation: &'static str, size: u64) -> PortResult<i64> {
    i64::try_from(size).map_err(|error| PortError::new(PortErrorKind::InvalidArgument, operation).because(error))
}

/// Makes browsers save the content as `file_name` (RFC 6266): in ASCII for old ones, in UTF-8 for all others.
pub(super) fn attachment(file_name: &str) -> String {
    let plain = |c: char| if c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '%') || c == ' ' { c } else { '_' };
    let ascii: String = file_name.chars().map(plain).collect();
    let mut encoded = String::with_capacity(file_name.len());
    for byte in file_name.bytes() {
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push_str(&hex::encode_upper([byte]));
        }
    }
    format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_cannot_leave_its_quotes() {
        assert_eq!(attachment("flights 2k.csv"), "attachment; filename=\"flights 2k.csv\"; filename*=UTF-8''flights%202k.csv");
        assert_eq!(
            attachment("a\";\r\nx: \\ü%.txt"),
            "attachment; filename=\"a_;__x: ___.txt\"; filename*=UTF-8''a%22%3B%0D%0Ax%3A%20%5C%C3%BC%25.txt"
        );
    }

    #[test]
    fn checksums_are_told_apart_by_the_number_of_parts() {
        let hex = "00".repeat(32);
        let header = header_checksum("test", &hex).expect("valid");
        assert_eq!(checksums(Some(&header)), Checksums { sha256: Some(hex.clone()), composite_sha256: None });
        assert_eq!(checksums(Some(&format!("{header}-3"))), Checksums { sha256: None, composite_sha256: Some(hex) });
        assert_eq!(checksums(Some("AAAA")), Checksums::default());
        assert!(header_checksum("test", "00").is_err());
    }
}
