//! Profiles: environments written down in `profiles.toml`, as mz-deploy reads it.
//!
//! Source: `design/project-format.md` 1.2. Differences on purpose: the password override does not
//! fail on a missing `${VAR}` behind it, and TLS is verified by default off this machine.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;

use crate::db::config::Secret;
use crate::db::config::Target;
use crate::db::config::TlsMode;
use crate::outside::Allowed;

/// The file's name in its folder.
const FILE: &str = "profiles.toml";

/// Why a profile cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ProfileError {
    /// The folder has no `profiles.toml`.
    #[error("profile `{profile}` is selected, but there is no {path}")]
    NoFile {
        /// The profile.
        profile: String,
        /// Where the file was looked for.
        path: String,
    },
    /// The file cannot be read or is not TOML of the right shape.
    #[error("cannot read {path}: {reason}")]
    Unreadable {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The file has no such profile.
    #[error("there is no profile `{profile}` in {path}; it has: {known}")]
    NotFound {
        /// The profile.
        profile: String,
        /// The file.
        path: String,
        /// The profiles it has.
        known: String,
    },
    /// A password stands for an environment variable that is not set.
    #[error("the password of profile `{profile}` is ${{{variable}}}, and that variable is not set")]
    NoVariable {
        /// The profile.
        profile: String,
        /// The variable.
        variable: String,
    },
    /// A setting has a value that it cannot have.
    #[error("profile `{profile}`: {reason}")]
    Invalid {
        /// The profile.
        profile: String,
        /// What is wrong.
        reason: String,
    },
}

impl ProfileError {
    /// Its stable code.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::NoFile { .. } => "profile.no-file",
            Self::Unreadable { .. } => "profile.unreadable",
            Self::NotFound { .. } => "profile.not-found",
            Self::NoVariable { .. } => "profile.no-variable",
            Self::Invalid { .. } => "profile.invalid",
        }
    }
}

/// One profile as written. Keys of other tools are let pass.
#[derive(Debug, Deserialize)]
struct Written {
    host: String,
    #[serde(default = "port")]
    port: u16,
    username: String,
    password: Option<String>,
    #[serde(default)]
    options: BTreeMap<String, String>,
    sslmode: Option<String>,
    sslrootcert: Option<PathBuf>,
    /// Hosts that recipes may call. A key of ours: mz-deploy lets it pass.
    #[serde(default)]
    allow_hosts: Vec<String>,
}

fn port() -> u16 {
    6875
}

/// Reads environment variables; a closure so that tests need no process of their own.
pub(crate) type Lookup<'e> = &'e dyn Fn(&str) -> Option<String>;

/// Finds a profile and makes a target of it.
///
/// # Errors
/// [`ProfileError`], never with a password in it.
pub(crate) fn target(directory: &Path, profile: &str, variable: Lookup<'_>) -> Result<Target, ProfileError> {
    let (text, shown) = text(directory, profile)?;
    parse(&text, &shown, profile, variable)
}

/// The hosts that recipes may call under a profile.
///
/// # Errors
/// [`ProfileError`].
pub(crate) fn allowed(directory: &Path, profile: &str) -> Result<Allowed, ProfileError> {
    let (text, shown) = text(directory, profile)?;
    let written = written(&text, &shown, profile)?;
    Allowed::of_profile(profile, &written.allow_hosts)
        .map_err(|reason| ProfileError::Invalid { profile: profile.to_owned(), reason })
}

/// The text of `profiles.toml`, with its path.
fn text(directory: &Path, profile: &str) -> Result<(String, String), ProfileError> {
    let path = directory.join(FILE);
    let shown = path.display().to_string();
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(ProfileError::NoFile { profile: profile.to_owned(), path: shown });
        }
        Err(error) => return Err(ProfileError::Unreadable { path: shown, reason: error.to_string() }),
    };
    Ok((text, shown))
}

/// One profile of the file.
fn written(text: &str, path: &str, profile: &str) -> Result<Written, ProfileError> {
    // The parser's own message shows the line, and the line may hold a password.
    let broken = |error: toml::de::Error| {
        let line =
            error.span().map_or(0, |span| text.get(..span.start).unwrap_or("").matches('\n').count() + 1);
        ProfileError::Unreadable {
            path: path.to_owned(),
            reason: format!("line {line}: {}", error.message()),
        }
    };
    let mut all: BTreeMap<String, Written> = toml::from_str(text).map_err(broken)?;
    let known: Vec<String> = all.keys().cloned().collect();
    all.remove(profile).ok_or_else(|| {
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        ProfileError::NotFound { profile: profile.to_owned(), path: path.to_owned(), known }
    })
}

fn parse(text: &str, path: &str, profile: &str, variable: Lookup<'_>) -> Result<Target, ProfileError> {
    let written = written(text, path, profile)?;
    let invalid = |reason: String| ProfileError::Invalid { profile: profile.to_owned(), reason };
    let mut target = Target::new(written.host.clone(), written.port, written.username.clone());
    for (key, value) in &written.options {
        let legal = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if !key.chars().all(legal) || key.starts_with(|c: char| c.is_ascii_digit()) || key.is_empty() {
            return Err(invalid(format!("`{key}` is not the name of a session setting")));
        }
        target.options.push((key.clone(), value.clone()));
    }
    if let Some(mode) = &written.sslmode {
        target.tls = TlsMode::parse(mode).ok_or_else(|| invalid(format!("`{mode}` is not an sslmode")))?;
    }
    if let Some(certificates) = &written.sslrootcert {
        target.trust(certificates.clone());
    }
    target.password = password(profile, written.password.as_deref(), variable)?;
    Ok(target)
}

fn password(
    profile: &str,
    written: Option<&str>,
    variable: Lookup<'_>,
) -> Result<Option<Secret>, ProfileError> {
    let upper = profile.to_uppercase();
    let plain: String = upper.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if let Some(password) = variable(&format!("MZ_PROFILE_{plain}_PASSWORD")) {
        return Ok(Some(Secret::new(password)));
    }
    let Some(written) = written else { return Ok(None) };
    match written.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) {
        None => Ok(Some(Secret::new(written))),
        Some(name) => match variable(name) {
            Some(password) => Ok(Some(Secret::new(password))),
            None => Err(ProfileError::NoVariable { profile: profile.to_owned(), variable: name.to_owned() }),
        },
    }
}

/// The profile that a checkout has chosen for itself, in `.mzprofile`.
pub(crate) fn of_checkout(project: &Path) -> Option<String> {
    let text = std::fs::read_to_string(project.join(".mzprofile")).ok()?;
    let mut lines = text.lines().map(str::trim);
    lines.find(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use expect_test::Expect;
    use expect_test::expect;

    use super::*;

    const FILE: &str = r#"
[prod-eu]
host = "mz.example.com"
username = "deployer"
password = "${MZ_PW}"
options = { cluster = "c 1" }
team = "passed over"

[local]
host = "localhost"
port = 1234
username = "materialize"
password = "pre${MZ_PW}"
sslmode = "require"

[broken]
host = "h"
username = "u"
sslmode = "maybe"
"#;

    #[track_caller]
    fn check(text: &str, profile: &str, variables: &[(&str, &str)], expect: Expect) {
        let variable = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
        let told = match parse(text, "profiles.toml", profile, &variable) {
            Ok(t) => format!(
                "{}@{} tls={:?} options={:?} password={}",
                t.user,
                t.place(),
                t.tls,
                t.options,
                t.password.as_ref().map_or("none", Secret::expose)
            ),
            Err(error) => format!("{}: {error}", error.code()),
        };
        expect.assert_eq(&told);
    }

    #[test]
    fn profiles_as_mz_deploy_writes_them() {
        check(
            FILE,
            "prod-eu",
            &[("MZ_PW", "x")],
            expect![[
                r#"deployer@mz.example.com:6875 tls=VerifyFull options=[("cluster", "c 1")] password=x"#
            ]],
        );
        check(
            FILE,
            "local",
            &[("MZ_PW", "x")],
            expect!["materialize@localhost:1234 tls=Require options=[] password=pre${MZ_PW}"],
        );
        check(
            FILE,
            "prod-eu",
            &[("MZ_PROFILE_PROD_EU_PASSWORD", "o")],
            expect![[
                r#"deployer@mz.example.com:6875 tls=VerifyFull options=[("cluster", "c 1")] password=o"#
            ]],
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        check(
            FILE,
            "prod",
            &[],
            expect![
                "profile.not-found: there is no profile `prod` in profiles.toml; it has: broken, local, prod-eu"
            ],
        );
        check(
            FILE,
            "prod-eu",
            &[],
            expect![[
                r#"profile.no-variable: the password of profile `prod-eu` is ${MZ_PW}, and that variable is not set"#
            ]],
        );
        check(FILE, "broken", &[], expect!["profile.invalid: profile `broken`: `maybe` is not an sslmode"]);
        check(
            "[p]\nhost = \"h\"\nusername = \"u\"\npassword = 7",
            "p",
            &[],
            expect![
                "profile.unreadable: cannot read profiles.toml: line 4: invalid type: integer `7`, expected a string"
            ],
        );
    }

    #[test]
    fn settings_of_the_connection_are_read() {
        let with =
            |rest: &str| format!("[p]\nhost = \"h\"\nusername = \"u\"\n{rest}\n[p.of_others]\nkey = 1\n");
        for (rest, told) in [
            ("sslmode = \"disable\"", "u@h:6875 tls=Disable options=[] password=none"),
            ("sslmode = \"prefer\"", "u@h:6875 tls=Prefer options=[] password=none"),
            ("sslmode = \"verify-ca\"", "u@h:6875 tls=VerifyCa options=[] password=none"),
            ("sslmode = \"verify-full\"", "u@h:6875 tls=VerifyFull options=[] password=none"),
            ("port = 70000", "profile.unreadable"),
            (
                "options = { \"1a\" = \"x\" }",
                "profile.invalid: profile `p`: `1a` is not the name of a session setting",
            ),
            (
                "options = { \"a-b\" = \"x\" }",
                "profile.invalid: profile `p`: `a-b` is not the name of a session setting",
            ),
            (
                "options = { _a1 = \"${V}\" }",
                "u@h:6875 tls=VerifyFull options=[(\"_a1\", \"${V}\")] password=none",
            ),
            ("password = \"${V}\"", "u@h:6875 tls=VerifyFull options=[] password=v"),
            ("password = \"${V}x\"", "u@h:6875 tls=VerifyFull options=[] password=${V}x"),
            (
                "password = \"${}\"",
                "profile.no-variable: the password of profile `p` is ${}, and that variable is not set",
            ),
        ] {
            let target =
                parse(&with(rest), "profiles.toml", "p", &|name| (name == "V").then(|| "v".to_owned()));
            let said = match target {
                Ok(t) => {
                    let password = t.password.as_ref().map_or("none", Secret::expose);
                    format!(
                        "{}@{} tls={:?} options={:?} password={password}",
                        t.user,
                        t.place(),
                        t.tls,
                        t.options
                    )
                }
                Err(error) => format!("{}: {error}", error.code()),
            };
            assert!(said.starts_with(told), "{rest}: {said}");
        }
    }

    #[test]
    fn a_broken_line_with_a_password_is_not_shown() {
        let text = "[p]\npassword = \"hunter2\n";
        let error = parse(text, "profiles.toml", "p", &|_| None).expect_err("the quote does not close");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}
