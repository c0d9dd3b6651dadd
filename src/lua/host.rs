//! The host: one Lua with `mz` in it, in which one recipe is loaded and run.
//!
//! Loading touches no server: a recipe's arguments are known before anything is connected. What
//! `require` and `extends` name comes from below the project, or is bundled; nothing else is read.

use std::rc::Rc;
use std::time::Duration;

use mlua::Function;
use mlua::Lua;
use mlua::Table;
use mlua::Value;
use mlua::chunk::ChunkMode;

use super::calls;
use super::check;
use super::failure;
use super::failure::Raised;
use super::limits;
use super::lint;
use super::lint::Surface;
use super::lint::globals::Globals;
use super::recipe;
use super::recipe::Declared;
use super::recipe::Recipe;
use super::shared::Shared;
use super::site;
use super::values::Handle;
use super::values::Tables;
use crate::clock::Clock;
use crate::primitives::code::Code;
use crate::primitives::error::Error;
use crate::primitives::error::Finding;
use crate::recipes;

pub use super::shared::Consent;
pub use super::shared::Facts;
pub use super::shared::Files;
pub use super::shared::Git;

/// The part of the host that is written in Lua.
const PRELUDE: &str = include_str!("../../lua/prelude.lua");

/// A file that only declares a recipe is read in microseconds.
const LOAD_LIMIT: Duration = Duration::from_secs(10);

/// Recipes extend each other so many levels deep at most.
const DEEPEST: usize = 8;

/// What errors of loading say of the world.
pub(super) const NOTHING_SENT: &str = "nothing was sent to the server";

/// A recipe's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its file, as messages name it.
    pub file: String,
    /// Its text.
    pub text: String,
}

/// The name that a bundled recipe's file has in messages.
pub fn bundled_file(name: &str) -> String {
    format!("mzflow:{name}.lua")
}

/// One Lua with `mz` in it.
pub struct Host {
    /// Lua.
    pub(super) lua: Lua,
    /// What the functions of `mz` share.
    pub(super) shared: Rc<Shared>,
    /// Makes what a recipe's functions are called with.
    pub(super) context: Function,
}

impl Host {
    /// Opens Lua.
    ///
    /// # Errors
    /// `bug.broken-invariant`: the host's own Lua does not run.
    pub fn new(facts: Facts) -> Result<Self, Error> {
        Self::open(facts).map_err(|error| Error::bug(format!("the host does not start: {error}")))
    }

    fn open(facts: Facts) -> mlua::Result<Self> {
        let shared = Rc::new(Shared::of(facts, limits::RECIPE));
        let (lua, prelude) = engine(&shared)?;
        let fields = calls::bound(&lua, &shared, &prelude)?;
        let frozen: Function = prelude.raw_get("frozen")?;
        let missing = calls::missing(&lua, &shared)?;
        lua.globals().raw_set("mz", frozen.call::<Table>((fields, missing, "mz"))?)?;
        Ok(Self { context: prelude.raw_get("context")?, lua, shared })
    }

    /// Reads a recipe.
    ///
    /// # Errors
    /// `lua.syntax`, `lua.bad-recipe`, `lua.unknown-argument` and others that can be seen before
    /// it runs, each with its place.
    pub fn load(&self, source: &Source) -> Result<Recipe, Error> {
        self.begin_loading();
        let recipe = self.load_chain(source);
        recipe.map_err(|error| if error.changed().is_some() { error } else { error.effect(NOTHING_SENT) })
    }

    /// Lets what is loaded have its time. A test's clock stands still, and a file could load for ever.
    pub(super) fn begin_loading(&self) {
        let deadline = Clock::system().deadline(Some(LOAD_LIMIT));
        self.shared.stop.ask(Rc::new(move || {
            let seconds = LOAD_LIMIT.as_secs();
            let late = || {
                Error::new(
                    Code::RunDeadline,
                    format!("the recipe's file takes longer than {seconds} s to load"),
                )
            };
            deadline.passed().then(late)
        }));
    }

    fn load_chain(&self, source: &Source) -> Result<Recipe, Error> {
        let mut chain = vec![self.declared(source)?];
        let mut files = vec![source.file.clone()];
        while let Some(base) = chain.last().and_then(|declared| declared.extends.clone()) {
            if files.len() > DEEPEST {
                let message = format!("recipes extend each other more than {DEEPEST} levels deep");
                return Err(Error::new(Code::LuaBadRecipe, message));
            }
            let Some(next) = self.base(&base, &files) else {
                let file = files.last().map_or("", String::as_str);
                let sources = self.shared.sources.borrow();
                let place = site::place(&sources, file, 1, Some("extends"), "");
                let message = format!("there is no recipe `{base}` to extend");
                return Err(Error::new(Code::LuaBadRecipe, message).place(Some(place)));
            };
            chain.push(self.declared(&next)?);
            files.push(next.file);
        }
        recipe::merge(&chain, source.file.clone(), source.text.clone()).map_err(|mistake| {
            let sources = self.shared.sources.borrow();
            let place = site::place(&sources, &source.file, 1, mistake.word.as_deref(), mistake.label);
            Error::new(mistake.code, mistake.message).place(Some(place))
        })
    }

    /// The recipe that another extends: the project's own, unless that is what extends it.
    fn base(&self, name: &str, files: &[String]) -> Option<Source> {
        let read = |file: String| {
            let text = (!files.contains(&file)).then(|| (self.shared.facts.files)(&file)).flatten()?;
            Some(Source { file, text })
        };
        let own = legal(name).then(|| read(format!("recipes/{name}.lua"))).flatten();
        // A resumed run reads a bundled recipe as it was when the run began.
        own.or_else(|| read(bundled_file(name))).or_else(|| {
            let file = bundled_file(name);
            let text = recipes::find(name).filter(|_| !files.contains(&file))?.text.to_owned();
            Some(Source { file, text })
        })
    }

    /// Everything that can be seen to be wrong in a file, in the order of its text: nothing of it is
    /// run.
    pub fn check(&self, source: &Source) -> Vec<Finding> {
        let name = format!("@{}", source.file);
        let chunk = self.lua.load(source.text.as_str()).set_name(name).set_mode(ChunkMode::Text);
        self.shared.sources.borrow_mut().insert(source.file.clone(), Rc::from(source.text.as_str()));
        if let Err(error) = chunk.into_function() {
            let error = failure::of_lua(&self.shared, &error, &[]).error;
            return vec![Finding {
                is_error: true,
                code: error.code().to_string(),
                message: error.message().to_owned(),
                places: error.where_().cloned().into_iter().collect(),
                ..Finding::default()
            }];
        }
        let found = lint::findings(&source.text, Some(&Globals::of(&self.lua)), Surface::OfText);
        let told = found.into_iter().map(|lint::Finding { mistake, span, is_warning }| Finding {
            is_error: !is_warning,
            code: mistake.code.to_string(),
            message: mistake.message,
            places: vec![site::place_at(&source.file, &source.text, span, mistake.label)],
            ..Finding::default()
        });
        told.collect()
    }

    /// What a file returns.
    ///
    /// # Errors
    /// `lua.*`, each with its place.
    pub(super) fn returned(&self, source: &Source) -> Result<Value, Error> {
        let chunk = chunk(&self.lua, &self.shared, source)?;
        let entered = self.shared.enter().and_then(|enter| enter.call::<(bool, Value)>(&chunk));
        let (ok, value) = entered.map_err(|error| self.error_of(&error))?;
        if ok {
            return Ok(value);
        }
        let raised = match self.shared.tables().and_then(|tables| tables.handle(&value)) {
            Some(Handle::Failure(raised)) => (*raised).clone(),
            _ => failure::of_value(&self.shared, &value, Vec::new()),
        };
        Err(failure::within(&self.shared, raised, &chunk).error)
    }

    /// What a file declares.
    fn declared(&self, source: &Source) -> Result<Rc<Declared>, Error> {
        let value = self.returned(source)?;
        if let Some(Handle::Recipe(declared)) = self.shared.tables().and_then(|tables| tables.handle(&value))
        {
            return Ok(declared);
        }
        let message =
            format!("the file returns {}; it has to return mz.recipe {{ … }}", check::kind_of(&value));
        let sources = self.shared.sources.borrow();
        let last = source.text.lines().count().max(1);
        let place = site::place(&sources, &source.file, last, None, "");
        Err(Error::new(Code::LuaBadRecipe, message).place(Some(place)))
    }

    /// The error that Lua's own stands for.
    pub(super) fn error_of(&self, error: &mlua::Error) -> Error {
        let Raised { error, .. } = failure::of_lua(&self.shared, error, &[]);
        error
    }

    /// Everything that was read besides the recipe's own file, by name.
    pub fn modules(&self, recipe: &Recipe) -> std::collections::BTreeMap<String, String> {
        self.shared.other_sources(&recipe.file)
    }
}

/// A Lua with the prelude in it, and with no `mz` yet.
pub(super) fn engine(shared: &Rc<Shared>) -> mlua::Result<(Lua, Table)> {
    let lua = limits::open(&shared.stop, shared.allowance)?;
    let inside = calls::inside(&lua, shared)?;
    let module = {
        let shared = Rc::clone(shared);
        move |lua: &Lua, name: String| {
            let loaded = module(lua, &shared, &name);
            loaded.map_err(|error| {
                let frames = site::frames(lua);
                let error = if frames.is_empty() { named(&shared, error, &name) } else { error };
                failure::thrown(failure::placed(&shared, error, &frames), frames)
            })
        }
    };
    inside.raw_set("module", lua.create_function(module)?)?;
    let prelude: Table = lua.load(PRELUDE).set_name("=mzflow").call(inside)?;
    let get = |name: &str| prelude.raw_get::<Table>(name);
    shared.set_enter(prelude.raw_get("enter")?);
    let (plain, later) = ([get("record")?, get("list")?, get("failure")?], [get("later")?, get("unmade")?]);
    shared.set_tables(Tables::new(&lua, plain, later)?);
    Ok((lua, prelude))
}

/// Tells whether a name can be a file's, and so a recipe's.
pub fn legal(name: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    !name.is_empty() && name.chars().all(legal)
}

/// Compiles a text, after the mistakes that can be seen in it.
pub(super) fn chunk(lua: &Lua, shared: &Shared, source: &Source) -> Result<Function, Error> {
    shared.sources.borrow_mut().insert(source.file.clone(), Rc::from(source.text.as_str()));
    let name = format!("@{}", source.file);
    let chunk = lua.load(source.text.as_str()).set_name(name).set_mode(ChunkMode::Text).into_function();
    let chunk = chunk.map_err(|error| failure::of_lua(shared, &error, &[]).error)?;
    match lint::mistakes(&source.text, shared.allowance.surface) {
        None => Ok(chunk),
        Some((mistake, span)) => {
            let place = site::place_at(&source.file, &source.text, span, mistake.label);
            Err(Error::new(mistake.code, mistake.message).place(Some(place)).effect(NOTHING_SENT))
        }
    }
}

/// The error of a module where no line is being run: `return require …` leaves none behind.
fn named(shared: &Shared, error: Error, name: &str) -> Error {
    if error.where_().is_some() {
        return error;
    }
    let place = shared.sources.borrow().iter().find_map(|(file, text)| {
        let at = text.find(name).filter(|_| !name.is_empty())?;
        Some(site::place_at(file, text, at..at + name.len(), ""))
    });
    error.place(place)
}

/// The chunk of a module: a file below the project, or `mzflow.NAME` for a bundled recipe.
pub(super) fn module(lua: &Lua, shared: &Shared, name: &str) -> Result<Function, Error> {
    let parts: Vec<&str> = name.split(['.', '/']).collect();
    let missing = |why: String| Error::new(Code::LuaNoModule, format!("cannot require `{name}`: {why}"));
    if !parts.iter().all(|part| legal(part)) {
        return Err(missing(
            "a module is named by its path below the project, such as `recipes.checks`".to_owned(),
        ));
    }
    let source = match parts.as_slice() {
        ["mzflow", recipe] => recipes::find(recipe)
            .map(|found| Source { file: bundled_file(found.name), text: found.text.to_owned() })
            .ok_or_else(|| missing("there is no bundled module of that name".to_owned()))?,
        parts => {
            let file = format!("{}.lua", parts.join("/"));
            let text = (shared.facts.files)(&file);
            let text = text.ok_or_else(|| missing(format!("there is no {file} below the project")))?;
            Source { file, text }
        }
    };
    chunk(lua, shared, &source)
}
