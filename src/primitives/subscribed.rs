//! SUBSCRIBEs over what leaves production, or is to be dropped.
//!
//! A swap leaves them alone: they go on with the version that they began with. A drop ends them with an error, and nothing
//! in the server keeps it from that; so they are looked for, told, and nobody is cut off unless somebody says so.
//!
//! Source: `design/materialize.md` 6.3. Start reading at [`over`] and [`decide`].

use std::collections::BTreeSet;
use std::time::Duration;

use super::ctx::Ctx;
use super::error::Error;
use crate::catalog::Catalog;
use crate::clock::Deadline;
use crate::db;
use crate::db::subscriptions::Subscription;
use crate::name::ClusterId;
use crate::name::ObjectId;

/// How often it is looked whether they have ended: soon enough for a person, and one small query.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// So many are told one by one.
const TOLD: usize = 20;

/// What is to become of those over what would be dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Subscribes {
    /// They keep it from being dropped.
    #[default]
    Kept,
    /// It is dropped once they have ended; they keep it when they have not by then.
    Awaited(Duration),
    /// It is dropped, and they end with an error.
    Ended,
}

/// One of them, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader {
    /// Whose it is: `SUBSCRIBE of role app (session 7 from 10.0.0.1)`.
    pub who: String,
    /// What it reads, or where it runs.
    pub what: String,
    role: Option<String>,
}

/// What a drop is to do about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Go on.
    Drop,
    /// Wait, and look again.
    Wait,
    /// Say no.
    Refuse,
}

/// The SUBSCRIBEs that run; none where the server does not tell.
///
/// # Errors
/// `db.*`.
pub async fn running(ctx: &Ctx) -> Result<Vec<Subscription>, Error> {
    match db::subscriptions::running(ctx.session()).await {
        Ok(found) => Ok(found),
        Err(unread) if unread.sqlstate().is_some() => {
            tracing::debug!("which SUBSCRIBEs run is not told: {unread}");
            Ok(Vec::new())
        }
        Err(lost) => Err(lost.into()),
    }
}

/// Chooses those that read one of the objects or run on one of the clusters, oldest first.
pub fn over(
    running: &[Subscription],
    objects: &BTreeSet<&ObjectId>,
    clusters: &BTreeSet<&ClusterId>,
    catalog: &Catalog,
) -> Vec<Reader> {
    let reader = |subscription: &Subscription| {
        let read = subscription.reads.iter().find(|id| objects.contains(id));
        let cluster = subscription.cluster.as_ref().filter(|id| clusters.contains(id));
        let what = match (read, cluster) {
            (Some(id), _) => match catalog.objects.get(id) {
                Some(object) => format!("reads {} {}", object.kind, object.name),
                None => format!("reads {}", id.as_str()),
            },
            (None, Some(id)) => {
                let found = catalog.clusters.iter().find(|(_, cluster)| cluster.id == *id);
                found.map_or("runs on its cluster".to_owned(), |(name, _)| format!("runs on cluster {name}"))
            }
            (None, None) => return None,
        };
        Some(Reader { who: who(subscription), what, role: subscription.role.clone() })
    };
    running.iter().filter_map(reader).collect()
}

fn who(subscription: &Subscription) -> String {
    let role = subscription.role.as_ref().map(|role| format!(" of role {role}")).unwrap_or_default();
    let session = subscription.connection.as_ref().map(|number| format!("session {number}"));
    let client = subscription.client.as_ref().map(|client| format!("from {client}"));
    let place: Vec<String> = session.into_iter().chain(client).collect();
    let place = if place.is_empty() { String::new() } else { format!(" ({})", place.join(" ")) };
    format!("SUBSCRIBE{role}{place}")
}

/// How many there are, whose, and what they do: `2 SUBSCRIBEs (app, ops) still read`; `does` is that of one and of
/// several.
pub fn counted(readers: &[Reader], does: [&str; 2]) -> String {
    let roles: BTreeSet<&str> = readers.iter().filter_map(|reader| reader.role.as_deref()).collect();
    let roles: Vec<&str> = roles.into_iter().collect();
    let whose = if roles.is_empty() { String::new() } else { format!(" ({})", roles.join(", ")) };
    let [one, several] = does;
    match readers.len() {
        1 => format!("1 SUBSCRIBE{whose} {one}"),
        count => format!("{count} SUBSCRIBEs{whose} {several}"),
    }
}

/// One line each, not too many.
pub fn lines(readers: &[Reader]) -> Vec<String> {
    let told = readers.iter().take(TOLD).map(|reader| format!("{} {}", reader.who, reader.what));
    let left = readers.len().saturating_sub(TOLD);
    told.chain((left > 0).then(|| format!("and {left} more"))).collect()
}

/// Decides what a drop does about those that there are.
pub fn decide(readers: &[Reader], wanted: Subscribes, patience: &Deadline) -> Next {
    if readers.is_empty() {
        return Next::Drop;
    }
    match wanted {
        Subscribes::Ended => Next::Drop,
        Subscribes::Awaited(_) if !patience.passed() => Next::Wait,
        Subscribes::Awaited(_) | Subscribes::Kept => Next::Refuse,
    }
}

/// Waits until none is left, or until the time for it is over.
///
/// # Errors
/// `run.interrupted`, `run.deadline`, `db.*`.
pub async fn let_end(
    ctx: &Ctx,
    patience: &Deadline,
    over: impl Fn(&[Subscription]) -> Vec<Reader>,
) -> Result<(), Error> {
    loop {
        ctx.interrupt_or_sleep(patience, LOOK_EVERY).await?;
        if patience.passed() || over(&running(ctx).await?).is_empty() {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::Clock;
    use crate::primitives::facts;

    fn subscription(role: &str, cluster: &str, reads: &[&str]) -> Subscription {
        Subscription {
            role: Some(role.to_owned()),
            connection: Some("7".to_owned()),
            client: Some("10.0.0.1".to_owned()),
            cluster: Some(ClusterId::new(cluster)),
            reads: reads.iter().map(|id| ObjectId::new(*id)).collect(),
        }
    }

    #[test]
    fn those_that_read_it_or_run_on_its_cluster_are_told() {
        let running = [
            subscription("a", "u1", &["u5"]),
            subscription("b", "u9", &[]),
            subscription("c", "u1", &["u6"]),
        ];
        let (object, cluster) = (ObjectId::new("u5"), ClusterId::new("u9"));
        let found = over(&running, &[&object].into(), &[&cluster].into(), &facts::empty());
        assert_eq!(
            lines(&found),
            [
                "SUBSCRIBE of role a (session 7 from 10.0.0.1) reads u5",
                "SUBSCRIBE of role b (session 7 from 10.0.0.1) runs on its cluster"
            ]
        );
        assert_eq!(counted(&found, ["reads", "read"]), "2 SUBSCRIBEs (a, b) read");
        assert_eq!(counted(&found[..1], ["reads", "read"]), "1 SUBSCRIBE (a) reads");
    }

    #[test]
    fn nobody_is_cut_off_unless_somebody_says_so() {
        let clock = Clock::system();
        let (open, over_now) = (clock.deadline(None), clock.deadline(Some(Duration::ZERO)));
        let some = [Reader { who: "x".to_owned(), what: "y".to_owned(), role: None }];
        let wait = Subscribes::Awaited(Duration::ZERO);
        for (readers, wanted, patience, next) in [
            (&some[..0], Subscribes::Kept, &open, Next::Drop),
            (&some[..], Subscribes::Kept, &open, Next::Refuse),
            (&some[..], Subscribes::Ended, &open, Next::Drop),
            (&some[..], wait, &open, Next::Wait),
            (&some[..], wait, &over_now, Next::Refuse),
        ] {
            assert_eq!(decide(readers, wanted, patience), next, "{wanted:?}");
        }
    }
}
