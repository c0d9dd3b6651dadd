//! The host of recipes and policies: what Lua costs beyond what is done through it.
//!
//! Targets, optimised: 1,000 calls of functions that wait in 20 ms beyond their own work, a recipe
//! loaded in 2 ms, a policy's decision in 50 µs.

#![expect(clippy::expect_used, reason = "a bench that cannot go on fails")]

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use divan::Bencher;
use mzflow::clock::Clock;
use mzflow::db::config::Target;
use mzflow::db::session::Session;
use mzflow::deployment::record::RunStarted;
use mzflow::event::Event;
use mzflow::event::Sink;
use mzflow::lua::host::Facts;
use mzflow::lua::host::Git;
use mzflow::lua::host::Host;
use mzflow::lua::host::Source;
use mzflow::lua::policy::Policy;
use mzflow::lua::run;
use mzflow::lua::run::Go;
use mzflow::primitives::compile;
use mzflow::primitives::ctx::Ctx;
use mzflow::primitives::ctx::Run;
use mzflow::primitives::ctx::World;
use mzflow::primitives::rehearsal::Assume;
use mzflow::primitives::rehearsal::Rehearsal;
use mzflow::sandbox::Options;
use mzflow::sandbox::Server;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use tokio::runtime::Runtime;

/// As in the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    divan::main();
}

struct Silent;

impl Sink for Silent {
    fn event(&self, _: Event) {}
}

fn facts() -> Facts {
    Facts {
        clock: Clock::system(),
        git: Git::default(),
        variables: Rc::new(|_| None),
        files: Rc::new(|_| None),
    }
}

fn source(text: &str) -> Source {
    Source { file: "bench.lua".to_owned(), text: text.to_owned() }
}

#[divan::bench]
fn opening_a_host() -> Host {
    Host::new(facts()).expect("the host starts")
}

#[divan::bench]
fn loading_blue_green(bencher: Bencher<'_, '_>) {
    let text = mzflow::recipes::find("blue_green").expect("it is bundled").text;
    let host = Host::new(facts()).expect("the host starts");
    bencher.bench_local(|| host.load(&source(text)).expect("it loads"));
}

/// Runs a recipe of that body in a rehearsal.
fn runs(bencher: Bencher<'_, '_>, body: &str) {
    let text = format!(
        "-- bench: does one thing a thousand times.\nreturn mz.recipe {{ api = 1, name = 'bench', summary = 'Bench.', run = function() {body} end }}"
    );
    let runtime: Runtime = tokio::runtime::Builder::new_multi_thread()
        .thread_stack_size(16 << 20)
        .enable_all()
        .build()
        .expect("a runtime");
    let server = runtime.block_on(Server::start(Options::default())).expect("the sandbox starts");
    let target = Arc::new(
        Target::from_url(&format!("postgres://materialize@{}/materialize", server.address()))
            .expect("it is a URL"),
    );
    let connected = || {
        let session = runtime.block_on(Session::connect(&target)).expect("the sandbox lets clients in");
        let started = RunStarted {
            recipe: "bench".to_owned(),
            source: text.clone(),
            file: "bench.lua".to_owned(),
            modules: BTreeMap::new(),
            arguments: json!({}),
            version: String::new(),
            commit: None,
            policies: Vec::new(),
            policy_timeout_ms: None,
        };
        let world = World::Rehearsed(Box::new(Rehearsal::new(Assume::Ready).into()));
        let run = Run::new("r-bench".parse().expect("an id"), started);
        let ctx = Ctx::new(session, world, run, Rc::new(Silent), Clock::system());
        let host = Host::new(facts()).expect("the host starts");
        let recipe = host.load(&source(&text)).expect("it loads");
        (host, recipe, ctx)
    };
    bencher.with_inputs(connected).bench_local_values(|(host, recipe, ctx)| {
        let go = Go {
            ctx,
            compile: compile::Request { path: ".".into(), profile: None, variables: BTreeMap::new() },
            warm: None,
            consent: Rc::new(|_| Box::pin(async { true })),
            gate: Rc::default(),
            asker: mzflow::lua::people::nobody(),
            outside: mzflow::outside::Outside::new(mzflow::outside::Allowed::this_machine()),
            arguments: Map::new(),
        };
        let ended = runtime.block_on(run::run(&host, &recipe, go)).expect("it comes back");
        ended.outcome.expect("it ends well")
    });
    runtime.block_on(server.shutdown());
}

#[divan::bench(sample_count = 20, sample_size = 1)]
fn a_thousand_calls_that_wait(bencher: Bencher<'_, '_>) {
    runs(bencher, "for i = 1, 1000 do mz.sleep(0) end");
}

#[divan::bench(sample_count = 20, sample_size = 1)]
fn a_thousand_tables_there_and_back(bencher: Bencher<'_, '_>) {
    runs(
        bencher,
        "local text = mz.json.encode { name = 'a.b.c', lag_s = 1.5, objects = { 'a', 'b', 'c' } } \
         for i = 1, 1000 do mz.json.decode(text) end",
    );
}

const DECIDES: &str = "
return mz.policy {
  api = 1, name = 'bench', needs = { 'hydration', 'changes' }, timezone = 'Europe/Berlin',
  decide = function(facts)
    if facts.hydration.state ~= 'ready' then return mz.wait('not caught up') end
    if facts.now.hour < 9 or facts.now.iso_weekday > 5 then return mz.wait('outside business hours') end
    if #facts.changes.removed > 0 then return mz.abort('something would be gone') end
    if facts.hydration.lag_s - facts.hydration.blue_lag_s > 5 then return mz.wait('behind production') end
    return mz.promote()
  end,
}
";

fn policy() -> Policy {
    Policy::load(source(DECIDES), Rc::new(|_| None)).expect("it loads")
}

/// Facts about so many objects, as they are collected before a swap.
fn told(objects: usize) -> Rc<Value> {
    let hydrated: Vec<Value> = (0..objects)
        .map(|number| json!({ "name": format!("shop.core.o{number}"), "state": "ready", "lag_s": 0.5, "blue_lag_s": 0.4 }))
        .collect();
    Rc::new(json!({
        "now": { "hour": 10, "iso_weekday": 1 },
        "hydration": { "state": "ready", "lag_s": 0.5, "blue_lag_s": 0.4, "objects": hydrated },
        "changes": { "removed": [], "summary": { "changed": objects } },
    }))
}

#[divan::bench]
fn loading_a_policy() -> Policy {
    policy()
}

#[divan::bench(args = [10, 1000])]
fn a_decision(bencher: Bencher<'_, '_>, objects: usize) {
    let (policy, facts) = (policy(), told(objects));
    bencher.bench_local(|| policy.decide(&facts).expect("it decides"));
}
