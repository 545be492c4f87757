//! Listing the names of keys, server by server.

use redis::Value;

use super::Redis;
use super::fault::Fault;
use super::link::Link;
use crate::backend::port::Page;

/// How many keys a server looks at for one page.
const COUNT: usize = 512;

impl Redis {
    /// One page. The mark between pages is the number of the server and the cursor that it gave.
    pub(super) async fn page(&self, prefix: &str, after: Option<&str>) -> Result<Page, Fault> {
        let mut links = self.servers().each().await?;
        // The order in which they are found is not always the same.
        links.sort_by(|a, b| a.at().cmp(b.at()));
        let (at, cursor) = after
            .and_then(|mark| mark.split_once(':'))
            .unwrap_or(("0", "0"));
        let at = at.parse().unwrap_or(usize::MAX);
        let Some(link) = links.get(at) else {
            return Ok(Page::default());
        };
        let (cursor, names) = names(link, prefix, cursor).await?;
        let next = match cursor.as_str() {
            "0" if at + 1 >= links.len() => None,
            "0" => Some(format!("{}:0", at + 1)),
            cursor => Some(format!("{at}:{cursor}")),
        };
        Ok(Page { names, next })
    }
}

/// Some names that begin with the prefix, as the cache knows them, and where to go on.
async fn names(link: &Link, prefix: &str, cursor: &str) -> Result<(String, Vec<String>), Fault> {
    let mut scan = redis::cmd("SCAN");
    let pattern = format!("{}*", escaped(prefix));
    scan.arg(cursor).arg("MATCH").arg(pattern);
    scan.arg("COUNT").arg(COUNT);
    let answer = link.ask(&scan).await?;
    let Value::Array(parts) = &answer else {
        return Err(Fault::unexpected(link.at(), "SCAN", &answer));
    };
    let [Value::BulkString(cursor), Value::Array(keys)] = &parts[..] else {
        return Err(Fault::unexpected(link.at(), "SCAN", &answer));
    };
    let suffix = link.scoped("");
    let name = |key: &Value| match key {
        Value::BulkString(key) => {
            let key = std::str::from_utf8(key).ok()?;
            Some(key.strip_suffix(&suffix)?.to_owned())
        }
        _ => None,
    };
    let cursor = String::from_utf8_lossy(cursor).into_owned();
    Ok((cursor, keys.iter().filter_map(name).collect()))
}

/// A text that the server's patterns take as it is.
fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut escaped, c| {
        if matches!(c, '*' | '?' | '[' | ']' | '\\' | '^' | '-') {
            escaped.push('\\');
        }
        escaped.push(c);
        escaped
    })
}
