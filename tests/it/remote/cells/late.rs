//! Operations that are carried out when the test says so.

use std::collections::HashMap;
use std::future::pending;

use cached_core::Error;
use cached_core::backend::{Acquired, Cell};
use tokio::sync::oneshot;

use super::{Cells, Op};

/// An acquire or a write that is on its way.
#[derive(Debug)]
pub(super) struct Late {
    op: Op,
    key: String,
    cell: Cell,
    tell: oneshot::Sender<Acquired>,
}

impl Cells {
    /// Holds back all operations of this kind.
    pub(in crate::remote) fn hold(&self, op: Op) {
        self.0.held.send_replace(Some(op));
    }

    /// Carries out what was held back, and what comes.
    pub(in crate::remote) fn let_go(&self) {
        self.0.held.send_replace(None);
    }

    /// Carries out what is late, and says what came of it to whoever still waits.
    pub(in crate::remote) fn land(&self) {
        let late = std::mem::take(&mut self.lock().late);
        assert!(!late.is_empty(), "something is on its way");
        for Late {
            op,
            key,
            cell,
            tell,
        } in late
        {
            let cells = &mut self.lock().cells;
            if op == Op::Write {
                cells.remove(&key);
            }
            let acquired = put_if_absent(cells, &key, &cell);
            // Nobody may wait for it any more.
            let _ = tell.send(acquired);
        }
    }

    /// An operation that is carried out by [`land`](Self::land).
    pub(super) async fn later(&self, op: Op, key: &str, cell: &Cell) -> Result<Acquired, Error> {
        let (tell, told) = oneshot::channel();
        let (key, cell) = (key.to_owned(), cell.clone());
        self.lock().late.push(Late {
            op,
            key,
            cell,
            tell,
        });
        match told.await {
            Ok(acquired) => Ok(acquired),
            Err(_) => pending().await,
        }
    }
}

pub(super) fn put_if_absent(cells: &mut HashMap<String, Cell>, key: &str, cell: &Cell) -> Acquired {
    match cells.get(key) {
        Some(found) => Acquired::Found(found.clone()),
        None => {
            cells.insert(key.to_owned(), cell.clone());
            Acquired::Granted
        }
    }
}
