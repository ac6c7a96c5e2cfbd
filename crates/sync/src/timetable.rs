//! The schedule of one client: [`crate::schedule`] with its settings, its facts and its clock.

use crate::schedule::{self, Maintenance};
use crate::session::Session;
use lockstep_model::Timestamp;
use lockstep_model::provisioning::Timetable;

impl Session<'_> {
    /// How maintenance stands.
    pub(crate) fn maintenance(&self) -> Maintenance {
        schedule::maintenance(&self.client.settings.maintenance, self.now())
    }

    /// When the whole source is to be read; none where no read is made by schedule, or none was made yet.
    pub(crate) fn full_read_due(&self) -> Option<Timestamp> {
        // The key is random for each state, so no two clients have the same.
        let [seed, _] = self.meta.hash_key;
        schedule::full_read_due(self.meta.last_full_read?, self.client.settings.full_read, seed)
    }

    /// What the report says of all this.
    pub(crate) fn timetable(&self) -> Timetable {
        let Maintenance { until, next } = self.maintenance();
        Timetable {
            last_full_read: self.meta.last_full_read,
            next_full_read: self.full_read_due(),
            drift: self.meta.drift,
            maintenance_until: until,
            next_maintenance: next,
        }
    }
}
