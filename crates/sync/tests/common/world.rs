//! A small organization and what it takes to sync it, over and over, with one state.

use super::*;
use lockstep_model::provisioning::RunResult;
use lockstep_sync::{SyncClient, SyncFailure};
use tokio_util::sync::CancellationToken;

pub const PEOPLE: &str = "ou=people,dc=contoso,dc=com";
pub const GROUPS: &str = "ou=groups,dc=contoso,dc=com";

pub fn organization(people: usize) -> Shared {
    let directory = Directory::shared();
    {
        let mut d = directory.lock().unwrap();
        d.ou("base", "dc=contoso,dc=com");
        d.ou("ou-people", PEOPLE);
        d.ou("ou-groups", GROUPS);
        for n in 0..people {
            d.person(&format!("p{n:03}"), PEOPLE);
        }
    }
    directory
}

pub fn dn(name: &str) -> String {
    format!("uid={name},{PEOPLE}")
}

pub struct World {
    /// Further sources, in the order in which the rules know them.
    pub further: Vec<Shared>,
    pub directory: Shared,
    pub tenant: Arc<MemoryTenant>,
    pub folder: tempfile::TempDir,
}

impl World {
    pub fn new(directory: Shared) -> Self {
        Self {
            further: Vec::new(),
            directory,
            tenant: MemoryTenant::new(),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub fn client_with(&self, threshold: DeletionThreshold) -> SyncClient {
        client(&self.directory, &self.tenant, &self.folder.path().join("state.db"), threshold)
    }

    /// A client of the same state with other settings.
    pub fn client_of(&self, settings: SyncSettings) -> SyncClient {
        let client = client_of(&self.directory, &self.tenant, &self.folder.path().join("state.db"), settings);
        client.with_further_sources(self.further.iter().map(factory_of).collect())
    }

    pub async fn once(&self, threshold: DeletionThreshold, full: bool) -> Result<RunResult, SyncFailure> {
        let client = self.client_with(threshold);
        client.once(full, CancellationToken::new()).await.map(|record| record.result)
    }

    pub async fn sync(&self) -> RunResult {
        self.once(OPEN, false).await.unwrap()
    }

    pub fn forget_state(&self) {
        forget_state(self.folder.path());
    }
}
