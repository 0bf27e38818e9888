//! The spellings of a minor version.

/// The one spelling that stands for all spellings of a version: without `v`, leading zeros and `.0` at the end.
///
/// People and servers write `v1`, `1` and `1.0` for one version. `None`: this is no version at all.
pub fn normalize(version: &str) -> Option<String> {
    let digits = version.strip_prefix('v').unwrap_or(version);
    let mut parts = Vec::new();
    for part in digits.split('.') {
        if part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let significant = part.trim_start_matches('0');
        parts.push(if significant.is_empty() { "0" } else { significant });
    }
    while parts.len() > 1 && parts.last() == Some(&"0") {
        parts.pop();
    }
    Some(parts.join("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_version_are_one() {
        for spelling in ["v1", "1", "1.0", "v1.0.0", "01"] {
            assert_eq!(normalize(spelling).as_deref(), Some("1"), "{spelling}");
        }
        assert_eq!(normalize("1.10").as_deref(), Some("1.10"));
        assert_eq!(normalize("v0").as_deref(), Some("0"));
        assert_eq!(normalize("v0.0").as_deref(), Some("0"));
        assert_eq!(normalize("10").as_deref(), Some("10"));
    }

    #[test]
    fn what_is_no_version_is_none() {
        for text in ["", "v", "*", "1.", ".1", "1..2", "latest", "V1", "1.x", "-1", "١"] {
            assert_eq!(normalize(text), None, "{text}");
        }
    }
}
