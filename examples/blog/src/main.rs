//! A blog on SQLite whose readers are cached.
//!
//! `cargo run -p blog` fills a database in a temporary folder, uses it, and reports what the cache
//! did. `CACHE_URL` decides which cache that is: `memory://` (the default) keeps values in this
//! process, `dummy://` keeps nothing, to see the difference.
//!
//! Read [`posts`] first: it is what an application would contain. [`db`] is its database and
//! [`report`] the script of this demonstration.

mod db;
mod posts;
mod report;
#[cfg(test)]
mod tests;

use std::error::Error;
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("blog: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    // Without this line the first cached call would do the same; here a malformed CACHE_URL ends
    // the program with a message instead of a warning.
    cached_core::install(cached_core::Cache::from_env()?)?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("blog.sqlite");
    let db = report::opening(&file).await?;
    report::tell(&db).await?;
    db.close().await;
    Ok(())
}
