//! A sandbox of a test: a server of this process, a project, and what happens between them.
//!
//! A run is the command line's own, in this thread. One that is killed is dropped where it waits: nothing
//! of it runs any more, and its connections break as those of a dead process do. Start reading at
//! [`Sandbox::act`].

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use serde_json::Map;
use serde_json::Value;

use super::act;
use super::act::Deed;
use super::act::Ended;
use super::crash;
use super::crash::Act;
use super::crash::Cut;
use super::crash::Way;
use super::crash::Wrong;
use super::ear::Ear;
use super::ear::Heard;
use super::ground::Ground;
use super::overlay::Overlay;
use super::picture::Picture;
use crate::cli::app::App;
use crate::cli::app::Global;
use crate::cli::app::Test;
use crate::db;
use crate::db::apply::Interrupt;
use crate::db::config::Target;
use crate::db::config::Way as Inside;
use crate::db::journal::Which;
use crate::db::session::Session;
use crate::db::value::Fields;
use crate::deployment::DeploymentId;
use crate::deployment::RunId;
use crate::lua::testing::stand::Answer;
use crate::lua::testing::stand::Ask;
use crate::lua::testing::stand::Death;
use crate::lua::testing::stand::Later;
use crate::lua::testing::stand::Ran;
use crate::lua::testing::stand::Stand;
use crate::lua::testing::stand::Statement;
use crate::lua::testing::stand::Texts;
use crate::lua::testing::stand::Wanted;
use crate::name::like::like;
use crate::name::literal;
use crate::primitives::access;
use crate::primitives::code::Code;
use crate::primitives::error::Error;
use crate::primitives::query::MOST_ROWS;
use crate::primitives::query::Parameter;
use crate::primitives::setup;
use crate::sandbox;
use crate::sandbox::Options;
use crate::sandbox::Server;
use crate::sandbox::transcript::Outcome;

/// What connections of a run say of themselves.
const RUNS: &str = "mzflow/%";

/// What connections of a test say of themselves.
const TESTS: &str = "test";

/// The user of both.
const USER: &str = "materialize";

/// The user whom nothing is refused.
const SYSTEM: &str = "mz_system";

/// A sandbox of a test.
pub(super) struct Sandbox {
    ground: Rc<Ground>,
    /// Its number among those of the test, from 0.
    number: usize,
    server: Server,
    target: Target,
    overlay: RefCell<Overlay>,
    profile: Option<String>,
    variables: BTreeMap<String, String>,
    /// The last run, and whether it might remove objects.
    last: RefCell<Option<(RunId, bool)>>,
    /// The wish to stop of what runs.
    interrupt: RefCell<Interrupt>,
    failing: RefCell<Vec<String>>,
}

/// What came of something that was done.
struct Done {
    /// How it ended; `None` if it was killed.
    ended: Option<Ended>,
    run: Option<RunId>,
    heard: Heard,
    statements: Vec<String>,
    took: std::time::Duration,
}

fn wrong(message: impl Into<String>) -> Error {
    Error::new(Code::LuaWrongArgument, message)
}

/// Sets up where rights are checked, and makes whoever runs recipes a deployer: neither is theirs to do.
async fn prepare(target: &Target) -> Result<(), Error> {
    let mut target = target.clone();
    SYSTEM.clone_into(&mut target.user);
    target.options.push(("application_name".to_owned(), TESTS.to_owned()));
    let session = Session::connect(&Arc::new(target)).await?;
    let catalog = db::introspect::read(&session, &mut None).await?;
    let plan = setup::plan(&catalog).map_err(|error| Error::bug(error.to_string()))?;
    let joins = format!("GRANT {} TO {USER}", access::DEPLOYER);
    for statement in plan.statements().iter().chain([&joins]) {
        session.run(statement).await?;
    }
    Ok(())
}

impl Sandbox {
    /// Opens one.
    pub(super) async fn open(ground: Rc<Ground>, number: usize, wanted: Wanted) -> Result<Self, Error> {
        let millis = |duration: std::time::Duration| format!("{}ms", duration.as_millis());
        let mut settings = vec![
            ("sandbox_hydration".to_owned(), millis(wanted.hydration)),
            ("sandbox_latency".to_owned(), millis(wanted.latency)),
        ];
        if wanted.rbac {
            settings.push(("enable_rbac_checks".to_owned(), "on".to_owned()));
        }
        let options = Options { clock: ground.clock.clone(), settings, ..Options::default() };
        let (server, way) = Server::start_inside(options).await.map_err(|error| wrong(error.to_string()))?;
        let open = move || {
            let way = way.clone();
            async move { way.open().await }
        };
        let target = Target::inside(Inside::new(open), USER);
        if let Some(cut) = ground.cut.as_ref().filter(|cut| cut.point.sandbox == number) {
            let fault = format!("{} write {} by {}", cut.way.fault(), cut.point.write, literal(RUNS));
            server.add_faults(&fault).map_err(wrong)?;
        }
        let mut overlay = Overlay::of(ground.project.join(&wanted.project));
        overlay.edit(&wanted.files).map_err(wrong)?;
        if wanted.rbac {
            prepare(&target).await?;
        }
        Ok(Self {
            ground,
            number,
            server,
            target,
            overlay: RefCell::new(overlay),
            profile: wanted.profile,
            variables: wanted.variables,
            last: RefCell::new(None),
            interrupt: RefCell::default(),
            failing: RefCell::default(),
        })
    }

    /// A connection of the test's own.
    async fn session(&self, role: Option<&str>) -> Result<Session, Error> {
        let mut target = self.target.clone();
        target.options.push(("application_name".to_owned(), TESTS.to_owned()));
        if let Some(role) = role {
            role.clone_into(&mut target.user);
        }
        Ok(Session::connect(&Arc::new(target)).await?)
    }

    async fn look(&self) -> Result<Picture, Error> {
        Ok(Picture::take(&self.session(None).await?).await?)
    }

    /// The command line that does something here.
    fn app(&self, ear: &Rc<Ear>) -> App {
        let global = Global {
            project: self.overlay.borrow().path().to_owned(),
            profile: self.profile.clone(),
            profiles_dir: None,
            url: None,
            json: false,
            verbose: false,
            quiet: true,
        };
        let variables = self.variables.clone();
        let test = Test {
            clock: self.ground.clock.clone(),
            target: self.target.clone(),
            variables: Rc::new(move |name| variables.get(name).cloned()),
            events: Rc::clone(ear) as Rc<dyn crate::event::Sink>,
        };
        let app = App::in_test(global, test);
        *self.interrupt.borrow_mut() = app.interrupt.clone();
        self.ground.leash.hold(&app.interrupt);
        app
    }

    /// Does something, until it has ended or was killed.
    async fn carry_out(&self, deed: &Deed) -> Result<Done, Error> {
        let before = self.server.transcript().last().map_or(0, |ran| ran.number);
        let began = self.ground.clock.elapsed();
        let ear = Rc::new(Ear::default());
        let mut broken = self.server.broken();
        let killed = broken.borrow_and_update().clients;
        let mut app = self.app(&ear);
        let ended = tokio::select! {
            biased;
            _ = broken.wait_for(|broken| broken.clients > killed) => None,
            ended = act::perform(&mut app, deed) => Some(ended?),
        };
        if self.ground.kills.get() {
            self.server.spare();
        }
        let run = match deed {
            Deed::Run(run, ..) | Deed::Resume(run, _) => Some(run.clone()),
            Deed::Abort(_) | Deed::Rollback(_) | Deed::Approve(..) => None,
        };
        let heard = ear.heard();
        let sent = self.server.transcript();
        let sent =
            sent.iter().filter(|ran| ran.number > before && ran.writes && like(&ran.application, RUNS));
        let sent = sent.map(|ran| ran.statement.clone());
        let statements = sent.chain(heard.rehearsed.iter().cloned()).collect();
        let took = self.ground.clock.elapsed().saturating_sub(began);
        Ok(Done { ended, run, heard, statements, took })
    }

    /// Does something, and notes what came of it; where it is to be cut, sees what comes of that.
    async fn act(&self, deed: Deed) -> Result<Answer, Error> {
        if let Deed::Run(run, _, given) = &deed {
            *self.last.borrow_mut() = Some((run.clone(), act::may_remove(given)));
        }
        let watching = self.ground.watching || self.is_cut_here();
        let before = if watching { self.look().await? } else { Picture::default() };
        let done = self.carry_out(&deed).await?;
        let cut = self.ground.cut.as_ref().filter(|cut| cut.point.sandbox == self.number);
        if let Some(cut) = cut.filter(|_| self.is_cut()) {
            self.ground.was_cut.set(true);
            let outcome = self.after_cut(cut, &deed, &done, &before).await?;
            return outcome.map(|()| Answer::Enough).map_err(|wrong| told_cut(cut, wrong));
        }
        let after = if watching { self.look().await? } else { Picture::default() };
        let is_done = done.ended.as_ref().is_some_and(|ended| ended.error.is_none());
        let is_run = matches!(deed, Deed::Run(..));
        let statements = done.statements.clone();
        let noted = Act { statements, is_run, is_done, before, after };
        if let Some(acts) = self.ground.acts.borrow_mut().get_mut(self.number) {
            acts.push(noted);
        }
        Ok(Answer::Ran(Box::new(ran(done))))
    }

    /// The number of what is done next, from 0.
    fn next_act(&self) -> usize {
        self.ground.acts.borrow().get(self.number).map_or(0, Vec::len)
    }

    /// Tells whether what is done next is to be cut.
    fn is_cut_here(&self) -> bool {
        let Some(cut) = self.ground.cut.as_ref().filter(|cut| cut.point.sandbox == self.number) else {
            return false;
        };
        let acts = cut.witness.get(self.number).into_iter().flatten();
        let lengths: Vec<usize> = acts.map(|act| act.statements.len()).collect();
        let before: usize = lengths.iter().take(self.next_act()).sum();
        let here = lengths.get(self.next_act()).copied().unwrap_or_default();
        (before..before + here).contains(&(cut.point.write - 1))
    }

    /// Tells whether the cut of the test was made.
    fn is_cut(&self) -> bool {
        !self.server.faults_left().contains(&format!("by {}", literal(RUNS)))
    }

    /// The outer error is the test's, the inner one what does not hold.
    async fn after_cut(
        &self,
        cut: &Cut,
        deed: &Deed,
        done: &Done,
        before: &Picture,
    ) -> Result<Result<(), Wrong>, Error> {
        let witness = cut.witness.get(self.number).and_then(|acts| acts.get(self.next_act()));
        let Some(witness) = witness else {
            return Ok(Err(("the test does other things than when nothing was cut".to_owned(), Vec::new())));
        };
        let now = self.look().await?;
        let ended_well = done.ended.as_ref().is_some_and(|ended| ended.error.is_none());
        if let Err(wrong) = crash::while_cut(before, &now, witness) {
            return Ok(Err(wrong));
        }
        match cut.way {
            Way::Resumed => {}
            Way::Aborted => match self.abort(done).await? {
                Ok(true) => return Ok(crash::aborted(before, &now, &self.look().await?)),
                // It is production: what is left to do is to go on.
                Ok(false) => {}
                Err(wrong) => return Ok(Err(wrong)),
            },
            // Whoever was refused or failed without a cut may do so with one.
            Way::Unanswered | Way::Unsent if !witness.is_done => return Ok(Ok(())),
            Way::Unanswered | Way::Unsent if ended_well => {
                return Ok(crash::gone_on(&now, &witness.after));
            }
            Way::Unanswered | Way::Unsent => {}
        }
        if let Some(error) = self.go_on(deed).await?.error {
            let is_whole = matches!(error.report.code.as_str(), "run.finished");
            if witness.is_done && matches!(deed, Deed::Run(..)) && !is_whole {
                let lines = std::iter::once(format!("{}: {}", error.report.code, error.report.message));
                let lines = lines.chain(error.report.lines.iter().cloned()).collect();
                return Ok(Err(("the run does not go on".to_owned(), lines)));
            }
        }
        if !witness.is_done {
            return Ok(Ok(()));
        }
        Ok(crash::gone_on(&self.look().await?, &witness.after))
    }

    /// Goes on with something that was cut, as somebody would who was told to.
    async fn go_on(&self, deed: &Deed) -> Result<Ended, Error> {
        let again = match deed {
            Deed::Run(run, ..) => {
                let yes = self.last.borrow().as_ref().is_some_and(|(_, yes)| *yes);
                Deed::Resume(run.clone(), yes)
            }
            Deed::Resume(..) | Deed::Abort(_) | Deed::Rollback(_) | Deed::Approve(..) => deed.clone(),
        };
        let ended = self.lived(&again).await?;
        let unknown = ended.error.as_ref().is_some_and(|error| error.report.code == "run.unknown");
        // A run that died before its first row is begun anew.
        if unknown { self.lived(deed).await } else { Ok(ended) }
    }

    /// Does something that nothing kills.
    async fn lived(&self, deed: &Deed) -> Result<Ended, Error> {
        let done = self.carry_out(deed).await?;
        done.ended.ok_or_else(|| Error::bug("a run died that nobody has killed"))
    }

    /// Aborts the deployment of a run that was cut: whether it is gone, or production.
    async fn abort(&self, done: &Done) -> Result<Result<bool, Wrong>, Error> {
        let deployment = match &done.run {
            Some(run) => self.deployment_of(run).await?,
            None => None,
        };
        let Some(deployment) = deployment else { return Ok(Ok(true)) };
        let Some(error) = self.lived(&Deed::Abort(deployment)).await?.error else { return Ok(Ok(true)) };
        Ok(match error.report.code.as_str() {
            "deployment.unknown" | "deployment.gone" => Ok(true),
            "drop.promoted" => Ok(false),
            code => {
                Err((format!("aborting fails: {code}: {}", error.report.message), error.report.lines.clone()))
            }
        })
    }

    /// The deployment that a run has written of.
    async fn deployment_of(&self, run: &RunId) -> Result<Option<DeploymentId>, Error> {
        let session = self.session(None).await?;
        match db::journal::read(&session, Which::Run(run)).await {
            Ok(entries) => Ok(entries.iter().rev().find_map(|entry| entry.record.deployment().cloned())),
            // There is no journal yet.
            Err(error) if error.sqlstate().is_some() => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn sql(&self, sql: &str, parameters: Vec<Parameter>, role: Option<&str>) -> Result<Value, Error> {
        let session = self.session(role).await?;
        let parameters: Vec<_> = parameters.into_iter().map(Into::into).collect();
        let rows = session.ask(sql, &parameters, MOST_ROWS).await;
        let rows =
            rows.map_err(|error| Error::server(Code::QueryFailed, error.message().to_owned(), &error))?;
        let Some(rows) = rows else {
            let message = format!("the statement gives more than {MOST_ROWS} rows");
            return Err(Error::new(Code::QueryTooManyRows, message));
        };
        // As with `mz.query`, what is NULL is left out.
        let row = |row: Fields| row.into_iter().filter(|(_, value)| !value.is_null()).collect::<Map<_, _>>();
        Ok(rows.into_iter().map(row).map(Value::Object).collect())
    }

    async fn fail_replica(&self, cluster: Option<String>) -> Result<(), Error> {
        let names = {
            let mut failing = self.failing.borrow_mut();
            match cluster {
                None => failing.clear(),
                Some(pattern) if pattern.contains('%') => failing.push(pattern),
                // Its clones are staged under its name and more.
                Some(name) => failing.extend([format!("{name}__%"), name]),
            }
            failing.join(",")
        };
        self.server.set("sandbox_crash_looping", &names).await.map_err(wrong)
    }

    fn edit(&self, texts: &Texts) -> Result<(), Error> {
        self.overlay.borrow_mut().edit(texts).map_err(wrong)
    }

    async fn answer(&self, ask: Ask) -> Result<Answer, Error> {
        let nothing = |()| Answer::Told(Value::Null);
        match ask {
            Ask::Run(recipe, given) => self.act(Deed::Run(self.ground.next_run()?, recipe, given)).await,
            Ask::Resume(run) => {
                let last = self.last.borrow().clone();
                let yes = last.as_ref().is_some_and(|(_, yes)| *yes);
                let run = run.or_else(|| last.map(|(run, _)| run));
                let run =
                    run.ok_or_else(|| wrong("s:resume has no run to go on with: nothing has run yet"))?;
                self.act(Deed::Resume(run, yes)).await
            }
            Ask::Abort(deployment) => self.act(Deed::Abort(deployment)).await,
            Ask::Rollback(deployment) => self.act(Deed::Rollback(deployment)).await,
            Ask::Approve(deny, message) => {
                let last = self.last.borrow().clone();
                let (run, _) = last.ok_or_else(|| wrong("nothing has run yet that could ask"))?;
                // The run may go on meanwhile: it keeps its own wish to stop.
                let own = self.interrupt.borrow().clone();
                let done = self.carry_out(&Deed::Approve(run, deny, message)).await;
                self.ground.leash.hold(&own);
                *self.interrupt.borrow_mut() = own;
                Ok(Answer::Ran(Box::new(ran(done?))))
            }
            Ask::Sql(sql, parameters, role) => {
                Ok(Answer::Told(self.sql(&sql, parameters, role.as_deref()).await?))
            }
            Ask::Transcript => {
                Ok(Answer::Transcript(self.server.transcript().iter().map(|ran| statement(ran)).collect()))
            }
            Ask::Edit(texts) => self.edit(&texts).map(nothing),
            Ask::FailReplica(cluster) => self.fail_replica(cluster).await.map(nothing),
            Ask::Conflict(times) => {
                self.server.add_faults(&format!("conflict {times}")).map(nothing).map_err(wrong)
            }
            Ask::Kill(death) => {
                self.ground.kills.set(true);
                let target = match death {
                    Death::Number(number) => format!("write {number}"),
                    Death::Like(pattern) => literal(&pattern),
                };
                let fault = format!("kill {target} by {}", literal(RUNS));
                self.server.add_faults(&fault).map(nothing).map_err(wrong)
            }
            Ask::Fault(fault) => self.server.add_faults(&fault).map(nothing).map_err(wrong),
            Ask::Interrupt => {
                self.interrupt.borrow().ask();
                Ok(Answer::Told(Value::Null))
            }
        }
    }
}

impl Stand for Sandbox {
    fn ask(self: Rc<Self>, ask: Ask) -> Later<Answer> {
        Box::pin(async move { self.answer(ask).await })
    }
}

/// How something ended, as a test sees it.
fn ran(done: Done) -> Ran {
    let ended = done.ended.as_ref();
    let error = ended.and_then(|ended| ended.error.as_ref());
    Ran {
        status: ended.map_or("killed", |ended| ended.exit.status().as_str()),
        exit: ended.map(|ended| ended.exit.code()),
        message: ended.and_then(|ended| ended.message.clone()),
        error: error.map(|error| error.report.json()),
        run: done.run,
        deployment: done.heard.deployment,
        changes: done.heard.changes,
        statements: done.statements,
        took: done.took,
        log: done.heard.log,
    }
}

fn statement(ran: &sandbox::transcript::Ran) -> Statement {
    Statement {
        text: ran.statement.clone(),
        role: ran.user.clone(),
        session: ran.connection,
        application: ran.application.clone(),
        at: ran.began,
        outcome: match &ran.outcome {
            Outcome::Running => "running",
            Outcome::Done(_) => "ok",
            Outcome::Failed(code, _) => code,
            Outcome::NotRun => "not run",
        },
        writes: ran.writes,
    }
}

/// What does not hold after a cut, as an error of the test.
fn told_cut(cut: &Cut, (message, lines): Wrong) -> Error {
    Error::new(Code::TestCrash, message)
        .line(format!("statement {}: {}", cut.point.number, cut.point.statement))
        .line(cut.way.told())
        .with_lines(lines)
}
