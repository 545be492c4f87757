//! Asking the servers of a cluster for the map of its slots.

use redis::Value;
use tokio::sync::mpsc;

use super::connect::Target;
use super::fault::Fault;
use super::server::{number_in, text};
use super::slots::Slots;
use crate::error::ErrorKind;

/// So many servers of each kind are asked at once.
pub(super) const MOST: usize = 4;

/// A map and the count of changes that the cluster has seen by then.
type Dated = (u64, Slots);

/// The first map that is no older than the one known; if all are, the newest. Needs the background
/// runtime.
pub(super) async fn ask_around(whom: &[Target], known: u64) -> Result<Dated, Fault> {
    let (answer, mut answers) = mpsc::channel(whom.len().max(1));
    for target in whom {
        let (target, answer) = (target.clone(), answer.clone());
        tokio::spawn(async move {
            // Another one may have been faster.
            let _ = answer.send(ask(&target).await).await;
        });
    }
    drop(answer);
    let (mut old, mut fault): (Option<Dated>, _) = (None, None);
    while let Some(answer) = answers.recv().await {
        match answer {
            Ok(map) if map.0 >= known => return Ok(map),
            Ok(map) if old.as_ref().is_none_or(|old| old.0 < map.0) => old = Some(map),
            Ok(_) => {}
            Err(other) => fault = Some(other),
        }
    }
    match (old, fault) {
        (Some(map), _) => Ok(map),
        (None, Some(fault)) => Err(fault),
        (None, None) => Err(Fault::new(
            ErrorKind::Unavailable,
            "a cluster",
            "nobody was asked",
        )),
    }
}

/// One server's map, and how much it has heard of.
async fn ask(target: &Target) -> Result<Dated, Fault> {
    let mut questions = redis::pipe();
    questions.cmd("CLUSTER").arg("INFO");
    questions.cmd("CLUSTER").arg("SLOTS");
    let answers = target.ask_once(&questions).await?;
    let [info, slots] = answers.as_slice() else {
        return Err(Fault::unexpected(target.at(), "CLUSTER", &Value::Nil));
    };
    if let Value::ServerError(refusal) = slots {
        return Err(Fault::of(refusal.clone().into(), target.at()));
    }
    let epoch = text(info).and_then(|info| number_in(info, "cluster_current_epoch"));
    let map = Slots::read(slots, target.host());
    let map = map.ok_or_else(|| {
        let what = "it knows of no server that serves a slot; create the cluster with \
                    `redis-cli --cluster create`";
        Fault::new(ErrorKind::Unavailable, target.at(), what)
    });
    Ok((epoch.unwrap_or_default(), map?))
}
