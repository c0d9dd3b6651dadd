//! The options of clusters and replicas: reading, checking, defaults.

use super::super::error::SqlError;
use super::super::error::code;
use super::super::model::cluster::Cluster;
use super::super::model::cluster::Managed;
use super::super::model::cluster::OnHydration;
use super::super::settings;
use super::super::system::clusters;
use super::bootstrap::MZ_SYSTEM;
use super::duration;
use super::object;
use super::work::Work;
use crate::name::Ident;
use crate::sql::ast::OptionValue;
use crate::sql::ast::WithOption;

/// How often a cluster looks at itself, unless it is said.
const INTROSPECTION_MS: u64 = 1_000;

/// What was written; `None` where it was not.
#[derive(Default)]
pub(super) struct Options {
    pub(super) managed: Option<bool>,
    pub(super) size: Option<String>,
    pub(super) replication_factor: Option<u32>,
    pub(super) zones: Option<Vec<String>>,
    pub(super) introspection_ms: Option<Option<u64>>,
    pub(super) debugging: Option<bool>,
    pub(super) schedule: Option<Option<u64>>,
    pub(super) workload_class: Option<Option<String>>,
    pub(super) replicas: Option<Vec<(Ident, String)>>,
    pub(super) on_hydration: Option<Option<OnHydration>>,
    pub(super) compression: Option<bool>,
}

impl Options {
    /// Reads what is written.
    ///
    /// # Errors
    /// Options that are there twice, values that are none, what is switched off.
    pub(super) fn read(work: &Work<'_>, options: &[WithOption]) -> Result<Self, SqlError> {
        let mut read = Self::default();
        let mut seen: Vec<&str> = Vec::new();
        for option in options {
            if seen.contains(&option.name.as_str()) {
                return Err(SqlError::internal(format!("{} specified more than once", option.name)));
            }
            seen.push(&option.name);
            read.take(work, option)?;
        }
        Ok(read)
    }

    fn take(&mut self, work: &Work<'_>, option: &WithOption) -> Result<(), SqlError> {
        match option.name.as_str() {
            "MANAGED" => self.managed = Some(truth(option)?),
            "SIZE" => self.size = Some(size(option)?),
            "REPLICATION FACTOR" => self.replication_factor = Some(factor(option)?),
            "AVAILABILITY ZONES" | "AVAILABILITY ZONE" => {
                if !object::flag(work, "enable_managed_cluster_availability_zones") {
                    return Err(object::switched_off(
                        "AVAILABILITY ZONES",
                        "enable_managed_cluster_availability_zones",
                    ));
                }
                self.zones = Some(texts(option));
            }
            "INTROSPECTION INTERVAL" => {
                let off = matches!(&option.value, Some(OptionValue::Name(name))
                    if name.parts.first().is_some_and(|word| word.as_str() == "null"));
                let ms = if off { 0 } else { duration::of_option(option)? };
                self.introspection_ms = Some((ms > 0).then_some(ms));
            }
            "INTROSPECTION DEBUGGING" => self.debugging = Some(truth(option)?),
            "SCHEDULE" => self.schedule = Some(schedule(work, option)?),
            "WORKLOAD CLASS" => {
                if work.scope.role != MZ_SYSTEM {
                    return Err(system_only("WORKLOAD CLASS"));
                }
                self.workload_class = Some(texts(option).into_iter().next());
            }
            "AUTO SCALING STRATEGY" => self.on_hydration = Some(strategy(option)?),
            "EXPERIMENTAL ARRANGEMENT COMPRESSION" => self.compression = Some(truth(option)?),
            "DISK" => return Err(disk()),
            "REPLICAS" => self.replicas = Some(replicas(option)?),
            "FEATURES" => return Err(system_only("FEATURES")),
            other => return Err(SqlError::unsupported(format!("option {other} of a cluster"))),
        }
        Ok(())
    }

    /// What `RESET (…)` sets.
    ///
    /// # Errors
    /// Options without a default.
    pub(super) fn reset(work: &Work<'_>, names: &[String]) -> Result<Self, SqlError> {
        let mut read = Self::default();
        for name in names {
            match name.as_str() {
                "REPLICATION FACTOR" => read.replication_factor = Some(default_factor(work)),
                "AVAILABILITY ZONES" => read.zones = Some(Vec::new()),
                "INTROSPECTION INTERVAL" => read.introspection_ms = Some(Some(INTROSPECTION_MS)),
                "INTROSPECTION DEBUGGING" => read.debugging = Some(false),
                "SCHEDULE" => read.schedule = Some(None),
                "WORKLOAD CLASS" => read.workload_class = Some(None),
                "MANAGED" => read.managed = Some(true),
                "AUTO SCALING STRATEGY" => read.on_hydration = Some(None),
                "EXPERIMENTAL ARRANGEMENT COMPRESSION" => read.compression = Some(false),
                other => return Err(SqlError::internal(format!("{other} has no default value"))),
            }
        }
        Ok(read)
    }

    /// A managed cluster with these options on top of what it was.
    ///
    /// # Errors
    /// What is missing, or does not go together.
    pub(super) fn managed_from(
        &self,
        work: &Work<'_>,
        before: Option<&Cluster>,
    ) -> Result<Managed, SqlError> {
        if self.replicas.is_some() {
            let message = if self.size.is_some() && before.is_none() {
                "SIZE not supported for unmanaged clusters"
            } else {
                "REPLICAS not supported for managed clusters"
            };
            return Err(SqlError::internal(message));
        }
        let was = before.and_then(|cluster| cluster.managed.clone());
        let size = match (&self.size, &was, before) {
            (Some(size), _, _) => size.clone(),
            (None, Some(was), _) => was.size.clone(),
            (None, None, Some(cluster)) if !cluster.replicas.is_empty() => {
                cluster.replicas.values().next().map(|replica| replica.size.clone()).unwrap_or_default()
            }
            (None, None, _) => {
                return Err(SqlError::internal("SIZE must be specified for managed clusters"));
            }
        };
        let on_refresh_ms = self.schedule.unwrap_or(was.as_ref().and_then(|was| was.on_refresh_ms));
        if self.replication_factor.is_some() && on_refresh_ms.is_some() {
            return Err(SqlError::internal(
                "REPLICATION FACTOR cannot be given together with any SCHEDULE other than MANUAL",
            ));
        }
        let on_hydration =
            self.on_hydration.clone().unwrap_or(was.as_ref().and_then(|was| was.on_hydration.clone()));
        fitting(&size, on_hydration.as_ref(), on_refresh_ms)?;
        let kept = match (&was, before) {
            (Some(was), _) => was.replication_factor,
            (None, Some(cluster)) => u32::try_from(cluster.replicas.len()).unwrap_or(u32::MAX),
            (None, None) if on_refresh_ms.is_some() => 0,
            (None, None) => default_factor(work),
        };
        let was = was.unwrap_or_else(|| Managed {
            size: String::new(),
            replication_factor: 0,
            availability_zones: Vec::new(),
            introspection_interval_ms: Some(INTROSPECTION_MS),
            introspection_debugging: false,
            on_refresh_ms: None,
            on_hydration: None,
            compression: false,
        });
        Ok(Managed {
            size,
            replication_factor: self.replication_factor.unwrap_or(kept),
            availability_zones: self.zones.clone().unwrap_or(was.availability_zones),
            introspection_interval_ms: self.introspection_ms.unwrap_or(was.introspection_interval_ms),
            introspection_debugging: self.debugging.unwrap_or(was.introspection_debugging),
            on_refresh_ms,
            on_hydration,
            compression: self.compression.unwrap_or(was.compression),
        })
    }

    /// Refuses what only managed clusters have.
    ///
    /// # Errors
    /// `SIZE not supported for unmanaged clusters`
    pub(super) fn only_unmanaged(&self) -> Result<(), SqlError> {
        let refused = [
            ("AVAILABILITY ZONES", self.zones.is_some()),
            ("REPLICATION FACTOR", self.replication_factor.is_some()),
            ("INTROSPECTION DEBUGGING", self.debugging.is_some()),
            ("INTROSPECTION INTERVAL", self.introspection_ms.is_some()),
            ("SIZE", self.size.is_some()),
            ("SCHEDULE", self.schedule.is_some_and(|schedule| schedule.is_some())),
            ("AUTO SCALING STRATEGY", self.on_hydration.as_ref().is_some_and(Option::is_some)),
            ("EXPERIMENTAL ARRANGEMENT COMPRESSION", self.compression == Some(true)),
        ];
        match refused.into_iter().find(|(_, given)| *given) {
            Some((name, _)) => {
                Err(SqlError::internal(format!("{name} not supported for unmanaged clusters")))
            }
            None => Ok(()),
        }
    }
}

fn system_only(option: &str) -> SqlError {
    SqlError::new(code::UNSUPPORTED, format!("{option} not supported for non-system users"))
}

fn disk() -> SqlError {
    SqlError::internal("DISK option is no longer supported for clusters with the given sizes")
        .hint("Remove the DISK option: all cluster sizes have disks.")
}

fn default_factor(work: &Work<'_>) -> u32 {
    let set = settings::system(work.state, "default_cluster_replication_factor");
    set.ok().and_then(|value| value.parse().ok()).unwrap_or(1)
}

/// Checks that there is such a size.
fn known_size(size: String) -> Result<String, SqlError> {
    let sizes = clusters::size_names();
    if sizes.contains(&size.as_str()) {
        return Ok(size);
    }
    Err(SqlError::internal(format!("unknown cluster replica size {size}"))
        .hint(format!("Valid cluster replica sizes are: {}", sizes.join(", "))))
}

fn size(option: &WithOption) -> Result<String, SqlError> {
    match &option.value {
        Some(OptionValue::String(text)) => known_size(text.clone()),
        Some(OptionValue::Name(name)) => known_size(super::super::resolve::as_written(&name.parts)),
        Some(OptionValue::Number(text) | OptionValue::Raw(text)) => known_size(text.clone()),
        _ => Err(SqlError::internal("invalid SIZE: cannot use value as string")),
    }
}

fn factor(option: &WithOption) -> Result<u32, SqlError> {
    match &option.value {
        Some(OptionValue::Number(digits)) => digits.parse().map_err(|_| {
            SqlError::internal(
                "invalid REPLICATION FACTOR: invalid numeric value: invalid digit found in string",
            )
        }),
        _ => Err(SqlError::internal("invalid REPLICATION FACTOR: cannot use value as number")),
    }
}

fn truth(option: &WithOption) -> Result<bool, SqlError> {
    match &option.value {
        None => Ok(true),
        Some(OptionValue::Bool(truth)) => Ok(*truth),
        Some(OptionValue::String(text)) if text == "true" || text == "on" => Ok(true),
        Some(OptionValue::String(text)) if text == "false" || text == "off" => Ok(false),
        Some(_) => Err(SqlError::internal(format!("invalid {}: cannot use value as boolean", option.name))),
    }
}

fn texts(option: &WithOption) -> Vec<String> {
    let one = |value: &OptionValue| match value {
        OptionValue::String(text) | OptionValue::Number(text) | OptionValue::Raw(text) => Some(text.clone()),
        OptionValue::Name(name) => Some(super::super::resolve::as_written(&name.parts)),
        OptionValue::Bool(_)
        | OptionValue::Interval(_)
        | OptionValue::Secret(_)
        | OptionValue::List(_)
        | OptionValue::Nested(..) => None,
    };
    match &option.value {
        Some(OptionValue::List(values)) => values.iter().filter_map(one).collect(),
        Some(value) => one(value).into_iter().collect(),
        None => Vec::new(),
    }
}

/// `MANUAL`, or `ON REFRESH` with its estimate.
fn schedule(work: &Work<'_>, option: &WithOption) -> Result<Option<u64>, SqlError> {
    let (words, nested): (String, &[WithOption]) = match &option.value {
        Some(OptionValue::Name(name)) => (super::super::resolve::as_written(&name.parts).to_uppercase(), &[]),
        Some(OptionValue::Raw(text)) => (text.to_uppercase(), &[]),
        Some(OptionValue::Nested(words, nested)) => (words.to_uppercase(), nested),
        _ => return Err(SqlError::internal("invalid SCHEDULE: cannot use value as cluster schedule")),
    };
    let words: Vec<&str> = words.split_whitespace().collect();
    match words.as_slice() {
        ["MANUAL"] => Ok(None),
        ["ON", "REFRESH"] => {
            let flag = "enable_cluster_schedule_refresh";
            if !object::flag(work, flag) {
                return Err(object::switched_off("`SCHEDULE = ON REFRESH` cluster option", flag));
            }
            let estimate = nested.iter().find(|option| option.name == "HYDRATION TIME ESTIMATE");
            Ok(Some(estimate.map(duration::of_option).transpose()?.unwrap_or(0)))
        }
        _ => Err(SqlError::internal("invalid SCHEDULE: cannot use value as cluster schedule")),
    }
}

/// `(ON HYDRATION (HYDRATION SIZE = …, LINGER DURATION = …))`, or `()` for none.
///
/// Source: `CREATE CLUSTER` in the manual of v26.38; the words of the refusals are the sandbox's own.
fn strategy(option: &WithOption) -> Result<Option<OnHydration>, SqlError> {
    let refused = || SqlError::internal("invalid AUTO SCALING STRATEGY: cannot use value as a strategy");
    let Some(OptionValue::List(policies)) = &option.value else { return Err(refused()) };
    let [policy] = policies.as_slice() else {
        return if policies.is_empty() { Ok(None) } else { Err(refused()) };
    };
    let OptionValue::Nested(words, options) = policy else { return Err(refused()) };
    if words != "ON HYDRATION" {
        return Err(refused());
    }
    let mut on_hydration = OnHydration { size: String::new(), linger_ms: None };
    for option in options {
        match option.name.as_str() {
            "HYDRATION SIZE" => on_hydration.size = size(option)?,
            "LINGER DURATION" => on_hydration.linger_ms = Some(duration::of_option(option)?),
            _ => return Err(refused()),
        }
    }
    if on_hydration.size.is_empty() {
        return Err(SqlError::internal("HYDRATION SIZE must be specified"));
    }
    Ok(Some(on_hydration))
}

/// Refuses a strategy that does not go with the rest.
fn fitting(size: &str, policy: Option<&OnHydration>, on_refresh_ms: Option<u64>) -> Result<(), SqlError> {
    let Some(policy) = policy else { return Ok(()) };
    if policy.size == size {
        return Err(SqlError::internal("HYDRATION SIZE must differ from SIZE"));
    }
    match on_refresh_ms {
        Some(_) => Err(SqlError::internal(
            "AUTO SCALING STRATEGY cannot be given together with any SCHEDULE other than MANUAL",
        )),
        None => Ok(()),
    }
}

fn replicas(option: &WithOption) -> Result<Vec<(Ident, String)>, SqlError> {
    let Some(OptionValue::List(values)) = &option.value else {
        return Err(SqlError::internal("invalid REPLICAS: cannot use value as cluster replicas"));
    };
    let mut found = Vec::new();
    for value in values {
        let OptionValue::Nested(name, options) = value else {
            return Err(SqlError::internal("invalid REPLICAS: cannot use value as cluster replica"));
        };
        let name = Ident::new(name).map_err(|error| SqlError::internal(error.to_string()))?;
        found.push((name, replica_size(options)?));
    }
    Ok(found)
}

/// The size of a replica that is made by hand.
///
/// # Errors
/// Without one, or with what is not modelled.
pub(super) fn replica_size(options: &[WithOption]) -> Result<String, SqlError> {
    let mut found = None;
    for option in options {
        match option.name.as_str() {
            "SIZE" if found.is_some() => return Err(SqlError::internal("SIZE specified more than once")),
            "SIZE" => found = Some(size(option)?),
            "INTROSPECTION INTERVAL" => {
                duration::of_option(option)?;
            }
            "INTROSPECTION DEBUGGING" => {
                truth(option)?;
            }
            "DISK" => return Err(disk()),
            other => return Err(SqlError::unsupported(format!("option {other} of a cluster replica"))),
        }
    }
    found.ok_or_else(|| SqlError::internal("SIZE option must be specified"))
}
