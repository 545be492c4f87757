//! Processes: started in the workspace root, with their output left as it is.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a step gives: nothing, or a line that says what failed.
pub(crate) type Outcome<T = ()> = Result<T, String>;

/// A command and the line that names it in messages.
pub(crate) struct Process {
    command: Command,
    line: String,
}

/// `cargo` with these words; the same `cargo` that runs this crate.
pub(crate) fn cargo(words: &str) -> Process {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut process = Process::new("cargo", &program);
    // `cargo run` describes this crate to us by these; inherited, they would
    // make build scripts that look at them run again.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            process.command.env_remove(&name);
        }
    }
    process.args(words.split_whitespace())
}

/// Any other program.
pub(crate) fn program(name: impl AsRef<OsStr>) -> Process {
    Process::new(&name.as_ref().to_string_lossy(), name.as_ref())
}

impl Process {
    fn new(shown: &str, program: &OsStr) -> Process {
        let mut command = Command::new(program);
        command.current_dir(root());
        Process {
            command,
            line: shown.to_owned(),
        }
    }

    pub(crate) fn args<A: AsRef<str>>(mut self, args: impl IntoIterator<Item = A>) -> Process {
        for arg in args {
            self.line.push(' ');
            self.line.push_str(arg.as_ref());
            self.command.arg(arg.as_ref());
        }
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Process {
        self.line = format!("{name}='{value}' {}", self.line);
        self.command.env(name, value);
        self
    }

    /// Runs it with its output on the terminal.
    pub(crate) fn run(mut self) -> Outcome {
        eprintln!("$ {}", self.line);
        let status = self
            .command
            .status()
            .map_err(|e| format!("`{}`: {e}", self.line))?;
        if status.success() {
            Ok(())
        } else {
            Err(format!("`{}`: {status}", self.line))
        }
    }

    /// Runs it and gives what it wrote to standard output.
    pub(crate) fn stdout(mut self) -> Outcome<String> {
        self.command.stderr(Stdio::inherit());
        self.captured(|output| output.stdout)
    }

    /// Runs it and gives what it wrote to standard error.
    pub(crate) fn stderr(self) -> Outcome<String> {
        self.captured(|output| output.stderr)
    }

    /// Whether it can be started and ends well; its output is dropped.
    pub(crate) fn works(mut self) -> bool {
        self.command
            .output()
            .is_ok_and(|output| output.status.success())
    }

    fn captured(mut self, pick: fn(std::process::Output) -> Vec<u8>) -> Outcome<String> {
        let output = self
            .command
            .output()
            .map_err(|e| format!("`{}`: {e}", self.line))?;
        let status = output.status;
        let text = String::from_utf8_lossy(&pick(output)).into_owned();
        if status.success() {
            Ok(text)
        } else {
            Err(format!("`{}`: {status}\n{text}", self.line))
        }
    }
}

/// The workspace's root folder.
pub(crate) fn root() -> PathBuf {
    let own = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or(env!("CARGO_MANIFEST_DIR").into());
    Path::new(&own)
        .parent()
        .expect("xtask is a folder of the workspace")
        .to_owned()
}
