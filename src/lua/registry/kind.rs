//! What an argument has to be, and how people are told.

/// What an argument has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// A number.
    Number,
    /// A whole number.
    Integer,
    /// `true` or `false`.
    Boolean,
    /// A duration: a text with a unit, or a number of seconds.
    Duration,
    /// A function.
    Function,
    /// A list of functions.
    Functions,
    /// A table.
    Table,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A list of texts, or one text.
    Texts,
    /// Whatever is not nil.
    Anything,
    /// What `mz.compile` gave.
    Project,
    /// What `mz.diff` gave.
    Changes,
    /// What `mz.stage` gave, or a deployment's id.
    Deployment,
    /// What `mz.swap` gave, or a deployment's id.
    Promotion,
    /// What `mz.create_overlay` gave, or an overlay's name.
    Overlay,
    /// `clone`, `reuse`, or a table that says so of each cluster.
    Clusters,
    /// Names of columns: of every object, or in a table by the object's name.
    Keys,
    /// What of a difference is intended: a condition in SQL or a function, for every object or in a
    /// table by the object's name.
    Allow,
    /// What `mz.check.*` made, or a function that stands for it.
    Check,
    /// A list of those, or a table by their names.
    Checks,
    /// What the rows of a query have to be.
    Expect,
}

/// The type of a check, as the stubs write it.
const CHECK: &str = "mz.Check|(fun(): string, string?, any)";

impl Kind {
    /// What people are told that it has to be.
    pub fn expected(self) -> String {
        match self {
            Self::Text => "a string".to_owned(),
            Self::Number => "a number".to_owned(),
            Self::Integer => "a whole number".to_owned(),
            Self::Boolean => "true or false".to_owned(),
            Self::Duration => "a duration such as \"90s\" or \"5m\", or a number of seconds".to_owned(),
            Self::Function => "a function".to_owned(),
            Self::Functions => "a list of functions".to_owned(),
            Self::Table => "a table".to_owned(),
            Self::Choice(words) => {
                let words: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
                words.join(" or ")
            }
            Self::Texts => "a string or a list of strings".to_owned(),
            Self::Anything => "a value".to_owned(),
            Self::Project => "what mz.compile returned".to_owned(),
            Self::Changes => "what mz.diff returned".to_owned(),
            Self::Deployment => "what mz.stage returned, or a deployment's id".to_owned(),
            Self::Promotion => "what mz.swap returned, or a deployment's id".to_owned(),
            Self::Overlay => "what mz.create_overlay returned, or an overlay's name".to_owned(),
            Self::Clusters => "\"clone\", \"reuse\", or a table such as { compute = \"reuse\" }".to_owned(),
            Self::Keys => {
                "a column, a list of columns, or a table such as { [\"db.schema.view\"] = \"id\" }".to_owned()
            }
            Self::Allow => {
                "a condition in SQL, a function, or a table such as { [\"db.schema.view\"] = \"change = 'added'\" }"
                    .to_owned()
            }
            Self::Check => "what mz.check.sql or the like returned, or a function".to_owned(),
            Self::Checks => "a list of checks and functions, or a table of them by name".to_owned(),
            Self::Expect => {
                "\"no rows\", true, false, a number, or bounds such as { min = 0, max = 5 }".to_owned()
            }
        }
    }

    /// Its type, as the stubs write it.
    pub fn stub(self) -> String {
        match self {
            Self::Text => "string".to_owned(),
            Self::Number => "number".to_owned(),
            Self::Integer => "integer".to_owned(),
            Self::Boolean => "boolean".to_owned(),
            Self::Duration => "mz.Duration".to_owned(),
            Self::Function => "function".to_owned(),
            Self::Functions => "(fun(): any)[]".to_owned(),
            Self::Table => "table".to_owned(),
            Self::Choice(words) => {
                let words: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
                words.join("|")
            }
            Self::Texts => "string|string[]".to_owned(),
            Self::Anything => "any".to_owned(),
            Self::Project => "mz.Project".to_owned(),
            Self::Changes => "mz.Changes".to_owned(),
            Self::Deployment => "mz.Deployment|string".to_owned(),
            Self::Promotion => "mz.Promotion|string".to_owned(),
            Self::Overlay => "mz.Overlay|string".to_owned(),
            Self::Clusters => "\"clone\"|\"reuse\"|table<string, \"clone\"|\"reuse\">".to_owned(),
            Self::Keys => "string|string[]|table<string, string|string[]>".to_owned(),
            Self::Allow => {
                let one = "string|(fun(row: mz.DifferingRow): boolean?)";
                format!("{one}|table<string, {one}>")
            }
            Self::Check => CHECK.to_owned(),
            Self::Checks => format!("({CHECK})[]|table<string, {CHECK}>"),
            Self::Expect => "\"no rows\"|boolean|number|{ min?: number, max?: number }".to_owned(),
        }
    }
}
