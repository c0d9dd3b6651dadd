//! The tables that come with a source.

use crate::name::Ident;
use crate::sql::ast::source::CreateSource;
use crate::sql::ast::source::External;
use crate::sql::ast::source::Subsources;

/// Tables of a source.
#[derive(Default)]
pub(super) struct Tables {
    /// Their names as written, possibly partial.
    pub(super) names: Vec<Vec<Ident>>,
    /// Whether there are more that only the server knows.
    pub(super) is_open: bool,
}

/// The tables of the load generators that have several.
///
/// Source: recordings of v26.21, `core/10_sources_queries.slt` and `full/36_sources.slt`.
const GENERATED: &[(&str, &[&str])] = &[
    ("AUCTION", &["accounts", "auctions", "bids", "organizations", "users"]),
    ("MARKETING", &["clicks", "conversion_predictions", "coupons", "customers", "impressions", "leads"]),
    ("TPCH", &["customer", "lineitem", "nation", "orders", "part", "partsupp", "region", "supplier"]),
];

/// The tables that a source makes, and the one that tells its progress.
pub(super) fn subsources(source: &CreateSource, own: &Ident) -> Tables {
    let mut tables = Tables::default();
    let bare = |name: &str| Ident::new(name).ok().map(|ident| vec![ident]);
    match (&source.subsources, &source.external) {
        (Subsources::None, _) => {}
        (Subsources::Tables(listed), _) => {
            for (upstream, name) in listed {
                let parts = match name {
                    Some(name) => name.parts.clone(),
                    None => upstream.parts.last().cloned().into_iter().collect(),
                };
                tables.names.push(parts);
            }
        }
        (Subsources::AllTables, External::LoadGenerator(generator, _)) => {
            let known = GENERATED.iter().find(|(name, _)| name == generator);
            tables.names.extend(known.iter().flat_map(|(_, names)| *names).filter_map(|name| bare(name)));
        }
        (Subsources::AllTables | Subsources::Schemas(_), _) => tables.is_open = true,
    }
    match (&source.progress, &source.external) {
        (Some(progress), _) => tables.names.push(progress.parts.clone()),
        // Webhooks take what is sent to them: nothing to tell.
        (None, External::Webhook(_)) => {}
        (None, External::LoadGenerator(..) | External::Connection(..)) => {
            tables.names.extend(bare(&format!("{}_progress", own.as_str())));
        }
    }
    tables
}
