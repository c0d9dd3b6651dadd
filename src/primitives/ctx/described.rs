//! The environment with more of its clusters than the catalog tells: how the server itself would write them down.

use std::rc::Rc;

use futures_util::future::try_join;

use super::Ctx;
use crate::catalog::Catalog;
use crate::db;
use crate::db::session::Session;
use crate::name::ClusterName;
use crate::primitives::cluster_options;
use crate::primitives::error::Error;

impl Ctx {
    /// As [`Ctx::fresh_catalog`], with the options of some clusters, asked at once. Of one that is gone or that the
    /// server does not write down there are none.
    ///
    /// # Errors
    /// `db.*`.
    pub async fn described(&self, beside: &Session, clusters: &[ClusterName]) -> Result<Rc<Catalog>, Error> {
        if clusters.is_empty() {
            return self.fresh_catalog(beside).await;
        }
        let asked = async { Ok(db::introspect::definitions::known_of_clusters(beside, clusters).await?) };
        let (_, definitions) = try_join(self.fresh_catalog(beside), asked).await?;
        self.follow(|catalog| {
            for (name, definition) in clusters.iter().zip(&definitions) {
                let options = definition.as_deref().and_then(cluster_options::options);
                if let Some(cluster) = catalog.clusters.get_mut(name) {
                    cluster.options = options.map(|options| options.into_iter().collect());
                }
            }
        });
        self.catalog().await
    }
}
