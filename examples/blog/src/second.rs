//! A second process of the same application, beside the first: what a shared cache is for.
//!
//! The report starts it as `blog second <database>` and talks to it in lines. It has a connection to
//! the same database and, by `CACHE_URL`, to the same cache.

use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::db::{Db, DbError};
use crate::posts::{get_post, rename_post};

/// The word that makes a process the second one.
pub(crate) const WORD: &str = "second";

/// The second process, as the first one holds it.
pub(crate) struct Second {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Second {
    pub(crate) fn start(database: &Path) -> io::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg(WORD)
            .arg(database)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (questions, answers) = (child.stdin.take(), child.stdout.take());
        let piped = questions.zip(answers);
        let (questions, answers) = piped.ok_or_else(|| io::Error::other("no pipes"))?;
        Ok(Self {
            child,
            questions,
            answers: BufReader::new(answers),
        })
    }

    /// Has it read a post: how it got it, and the title.
    pub(crate) fn read(&mut self, id: i64) -> io::Result<String> {
        self.ask(&format!("read {id}"))
    }

    /// Has it give a post another title.
    pub(crate) fn rename(&mut self, id: i64, title: &str) -> io::Result<String> {
        self.ask(&format!("rename {id} {title}"))
    }

    fn ask(&mut self, question: &str) -> io::Result<String> {
        // The other one answers from another thread's runtime; this one may wait.
        tokio::task::block_in_place(|| {
            writeln!(self.questions, "{question}")?;
            let mut answer = String::new();
            self.answers.read_line(&mut answer)?;
            Ok(answer.trim_end().to_owned())
        })
    }
}

impl Drop for Second {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the second process does until nobody asks any more.
pub(crate) async fn serve(db: &Db) -> io::Result<()> {
    for question in io::stdin().lines() {
        let answer = match answer(db, &question?).await {
            Ok(answer) => answer,
            Err(error) => format!("failed: {error}"),
        };
        println!("{answer}");
    }
    Ok(())
}

async fn answer(db: &Db, question: &str) -> Result<String, DbError> {
    let mut words = question.splitn(3, ' ');
    let (verb, id, rest) = (words.next(), words.next(), words.next());
    let id = id.and_then(|id| id.parse().ok()).unwrap_or_default();
    match (verb, rest) {
        (Some("read"), None) => {
            let (post, outcome) = get_post::traced(db, id).await;
            Ok(format!("{outcome:?} {:?}", post?.title))
        }
        (Some("rename"), Some(title)) => {
            let post = get_post(db, id).await?;
            rename_post(db, &post, title).await?;
            Ok(format!("renamed {id}"))
        }
        _ => Ok(format!("what is `{question}`?")),
    }
}
