//! A blog on SQLite whose readers are cached.
//!
//! `cargo run -p blog` fills a database in a temporary folder, uses it, and reports what the cache
//! did. `CACHE_URL` decides which cache that is: `memory://` (the default) keeps values in this
//! process, `dummy://` keeps nothing, to see the difference, and `redis://127.0.0.1:6379/1` shares
//! them: the report then starts a second process and shows what the two see of each other.
//!
//! Read [`posts`] first: it is what an application would contain. [`db`] is its database and
//! [`report`] the script of this demonstration.

mod db;
mod posts;
mod report;
mod second;
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
    let cache = cached_core::Cache::from_env()?;
    cached_core::install(cache.clone())?;
    let mut words = std::env::args_os().skip(1);
    if words.next().is_some_and(|word| word == second::WORD) {
        let file = words.next().ok_or("`second` needs a database")?;
        let db = db::Db::open(file.as_ref()).await?;
        return Ok(second::serve(&db).await?);
    }
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("blog.sqlite");
    let db = report::opening(&file, &cache).await?;
    // The database is new: what a shared cache kept of an older one is outdated.
    cache.clear().await?;
    report::tell(&db).await?;
    if cache.is_shared() {
        report::two_processes(&db, &file).await?;
    }
    println!("\n{}", cached_core::stats());
    cache.close(std::time::Duration::from_secs(5)).await?;
    db.close().await;
    Ok(())
}
