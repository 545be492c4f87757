//! The reports as JSON, for other tools.

use super::program::Row;

/// An array with an object for each backend.
pub(crate) fn of(rows: &[Row]) -> String {
    let rows = rows.iter().map(|Row { name, by, report, seconds }| {
        let passed = report.passed.iter().map(|name| text(name));
        let failed = report.failed.iter().map(|(name, message)| {
            format!("{{\"name\":{},\"message\":{}}}", text(name), text(message))
        });
        let unsupported = report.unsupported.iter().map(|(name, capability)| {
            format!("{{\"name\":{},\"capability\":{}}}", text(name), text(capability))
        });
        format!(
            "{{\"backend\":{},\"servers\":{},\"seconds\":{seconds:.1},\"passed\":{},\"failed\":{},\"unsupported\":{}}}",
            text(name),
            text(by),
            array(passed),
            array(failed),
            array(unsupported)
        )
    });
    format!("{}\n", array(rows))
}

fn array(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(","))
}

fn text(text: &str) -> String {
    let escaped = text.chars().map(|c| match c {
        '"' => "\\\"".to_owned(),
        '\\' => "\\\\".to_owned(),
        c if c.is_control() => format!("\\u{:04x}", u32::from(c)),
        c => c.to_string(),
    });
    format!("\"{}\"", escaped.collect::<String>())
}
