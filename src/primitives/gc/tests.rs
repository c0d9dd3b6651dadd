use expect_test::Expect;
use expect_test::expect;

use super::*;
use crate::db::journal::Entry;
use crate::deployment::dropping::DropIntent;
use crate::deployment::dropping::DropReason;
use crate::deployment::epoch::Marker;
use crate::deployment::epoch::SwapIntent;
use crate::deployment::epoch::SwapKind;
use crate::deployment::record::Record;
use crate::deployment::record::StageDone;
use crate::plan::step::Step;
use crate::primitives::facts::staged;

const HOUR: u64 = 3_600_000;

fn marker(text: &str) -> Marker {
    text.parse().expect("a marker")
}

/// Rows an hour apart: the first at one o'clock.
fn entries(records: Vec<Record>) -> Vec<Entry> {
    let entry = |(at, record): (usize, Record)| Entry {
        run: "r-1".parse().expect("a run"),
        seq: at as u64 + 1,
        at: Timestamp((at as u64 + 1) * HOUR),
        actor: "materialize".to_owned(),
        record,
    };
    records.into_iter().enumerate().map(entry).collect()
}

fn staging() -> Vec<Record> {
    let (_, scope) = staged();
    let done = StageDone {
        deployment: scope.deployment().clone(),
        schemas: Vec::new(),
        clusters: Vec::new(),
        replaced_in: Vec::new(),
    };
    vec![Record::StageIntent(scope.intent), Record::StageDone(done)]
}

fn promoted(keep_s: u64) -> Vec<Record> {
    let mut records = staging();
    records.push(Record::SwapIntent(SwapIntent {
        deployment: "77b01de".parse().expect("an id"),
        kind: SwapKind::Promotion,
        from: marker("epoch@0:setup"),
        to: marker("epoch@1:r-1"),
        commit: None,
        objects: 2,
        project_schemas: Vec::new(),
        leave_sinks: false,
        keep_s,
    }));
    records
}

fn dropping(reason: DropReason) -> Record {
    Record::DropIntent(DropIntent {
        deployment: "77b01de".parse().expect("an id"),
        reason,
        schemas: Vec::new(),
        clusters: Vec::new(),
        one_by_one: Vec::new(),
        objects: Vec::new(),
    })
}

/// What is found at that hour.
#[track_caller]
fn check(records: Vec<Record>, at: &str, request: Request, hour: u64, expect: Expect) {
    let (mut catalog, _) = staged();
    catalog.take(&Step::CreateSchema("app.odd__x__mzf".parse().expect("a schema")));
    let ledger = Ledger::new(&entries(records), marker(at));
    let facts = Facts {
        ledger: &ledger,
        overlays: &Overlays::new(),
        one_by_one: &OneByOne::new(),
        overtaken: &[],
        deletions: &[],
        running: &[],
    };
    let found = garbage(&facts, &catalog, &request, Timestamp(hour * HOUR));
    let told = |item: &Item| {
        let names = item.schemas.iter().chain(&item.clusters).cloned().collect::<Vec<_>>().join(" ");
        format!("{:?} retired={} age={}h {names}", item.why, item.retired, item.age_s / 3600)
    };
    let lines = found.items.iter().map(told).chain(found.unrecorded.iter().map(|name| format!("? {name}")));
    expect.assert_eq(&lines.collect::<Vec<_>>().join("\n"));
}

#[test]
fn a_replaced_version_goes_when_its_time_is_over() {
    let (now, later) = ("epoch@1:r-1", 2 * 3600);
    check(
        promoted(0),
        now,
        Request::default(),
        3,
        expect![[r#"
        Expired retired=true age=0h app.core__77b01de__mzf compute__77b01de__mzf
        ? app.odd__x__mzf"#]],
    );
    check(promoted(later), now, Request::default(), 4, expect!["? app.odd__x__mzf"]);
    check(
        promoted(later),
        now,
        Request { kept: true, ..Request::default() },
        4,
        expect![[r#"
        Kept retired=true age=1h app.core__77b01de__mzf compute__77b01de__mzf
        ? app.odd__x__mzf"#]],
    );
    check(
        promoted(later),
        now,
        Request::default(),
        5,
        expect![[r#"
        Expired retired=true age=2h app.core__77b01de__mzf compute__77b01de__mzf
        ? app.odd__x__mzf"#]],
    );
}

#[test]
fn what_stopped_half_way_is_found_whenever() {
    let mut records = promoted(HOUR);
    records.push(dropping(DropReason::Retire));
    check(
        records,
        "epoch@1:r-1",
        Request::default(),
        5,
        expect![[r#"
        Dropping retired=true age=2h app.core__77b01de__mzf compute__77b01de__mzf
        ? app.odd__x__mzf"#]],
    );
    let mut records = staging();
    records.push(dropping(DropReason::Abort));
    check(
        records,
        "epoch@0:setup",
        Request::default(),
        5,
        expect![[r#"
        Dropping retired=false age=4h app.core__77b01de__mzf compute__77b01de__mzf
        ? app.odd__x__mzf"#]],
    );
}

#[test]
fn what_is_staged_stays_unless_it_is_asked_for() {
    check(staging(), "epoch@0:setup", Request::default(), 1000, expect!["? app.odd__x__mzf"]);
    let old = Request { abandoned: Some(Duration::from_secs(24 * 3600)), kept: false };
    check(staging(), "epoch@0:setup", old, 24, expect!["? app.odd__x__mzf"]);
    check(
        staging(),
        "epoch@0:setup",
        old,
        25,
        expect![[r#"
        Abandoned retired=false age=24h app.core__77b01de__mzf compute__77b01de__mzf
        ? app.odd__x__mzf"#]],
    );
}
