//! Caches described by a file and the environment: `cargo run --example 13_config`.

use cached_core::{Cache, Config, Error, cached};

const FILE: &str = r#"
[defaults]                            # of every cache
ttl = "5m"

[caches.default]                      # of functions that name no cache
url = "memory://?weight=64MiB"

[caches.sessions]                     # of functions with `cache = "sessions"`
url = "memory://"
capacity = 10_000

[caches.default.policy."square:<n>"]  # whatever the attribute says
ttl = "30s"
"#;

#[cached(key = "square:<n>", ttl = "1h")]
async fn square(n: u64) -> u64 {
    n * n
}

#[cached(key = "session:<id>", cache = "sessions")]
async fn session(id: u64) -> String {
    format!("session {id}")
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    // A program has a `cached.toml` in its working directory, or `CACHED_CONFIG` names one, and
    // `Config::load()?.install()?` is the whole of it.
    let file = std::env::temp_dir().join(format!("cached-{}.toml", std::process::id()));
    std::fs::write(&file, FILE).expect("the folder for temporary files can be written to");
    let config = Config::read(&file);
    let _ = std::fs::remove_file(&file);
    let config = config?;
    println!("{}", config.names().collect::<Vec<_>>().join(", "));
    config.install()?;

    println!("{} {}", square(7).await, session(1).await);
    println!("{} in `sessions`", Cache::named("sessions")?.len());

    // A mistake says what to write instead; one in a file also where it is.
    if let Err(error) = Cache::connect("memory://?capcity=10").await {
        println!("{error}");
    }
    Ok(())
}
