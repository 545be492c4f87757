//! Where one operation goes.

use std::ops::Deref;
use std::sync::Arc;

use redis::{Cmd, Value};

use super::fault::Fault;
use super::link::Link;
use super::script::Script;

/// A link for one operation, and how to ask over it.
#[derive(Debug, Clone)]
pub(super) struct Route {
    link: Arc<Link>,
    /// Whether the server is to be told that it was named by another one, which still has the slot.
    asking: bool,
}

impl Route {
    /// To whom the key belongs.
    pub(super) fn to(link: Arc<Link>) -> Self {
        Self {
            link,
            asking: false,
        }
    }

    /// To whom the key is about to belong.
    pub(super) fn asking(link: Arc<Link>) -> Self {
        Self { link, asking: true }
    }

    /// One command, one answer.
    pub(super) async fn ask(&self, command: &Cmd) -> Result<Value, Fault> {
        if !self.asking {
            return self.link.ask(command).await;
        }
        let mut both = redis::pipe();
        both.cmd("ASKING").add_command(command.clone());
        let answers = self.link.ask_all(&both).await?;
        self.link.accept_all(answers)
    }

    /// Runs a script, which the server may have forgotten.
    pub(super) async fn run(
        &self,
        script: &Script,
        key: &str,
        arguments: &[&[u8]],
    ) -> Result<Value, Fault> {
        let run = script.run(key, arguments);
        match self.ask(&run).await {
            Err(fault) if fault.code() == Some("NOSCRIPT") => {
                let answers = self
                    .link
                    .ask_all(&script.load_and(run, self.asking))
                    .await?;
                self.link.accept_all(answers)
            }
            answer => answer,
        }
    }
}

impl Deref for Route {
    type Target = Arc<Link>;

    fn deref(&self) -> &Arc<Link> {
        &self.link
    }
}
