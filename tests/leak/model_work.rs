//! What follows from changes, in the model: what workers do.

use crate::{
    model::{Dataset, ExportState, Model, State, Waiting},
    oracle::{EXPORT, IMPORT, Viewer},
};

impl Model {
    /// Does in the model what workers do: with the rights that people have now.
    pub(crate) fn drain(&mut self, now: domain::Timestamp) {
        for waiting in std::mem::take(&mut self.waiting) {
            match waiting {
                Waiting::Export(export) => self.write_export(export, now),
                Waiting::Import { package, import } => self.read_import(package, import),
            }
        }
    }

    fn write_export(&mut self, number: usize, now: domain::Timestamp) {
        let export = &self.exports[number];
        if export.state != ExportState::Running {
            return;
        }
        let exporter = Viewer { user: export.user, key: None };
        if !self.users[export.user].enabled {
            self.exports[number].state = ExportState::Failed;
            return;
        }
        let asked: Vec<usize> = export.items.iter().map(|item| item.package).collect();
        let allowed = asked.into_iter().filter(|package| self.may(exporter, EXPORT, *package));
        let ids =
            |package: usize| self.packages[package].in_state(State::Available).into_iter().map(|dataset| dataset.id.clone()).collect();
        let holds = allowed.map(|package| (package, ids(package))).collect();
        let export = &mut self.exports[number];
        export.holds = holds;
        export.state = ExportState::Ready;
        export.expires_at = Some(now.plus(std::time::Duration::from_secs(export.expires_in)));
        // Out of the cart goes what was checked out, not what was put in anew.
        let gone: Vec<String> = export.items.iter().map(|item| item.id.clone()).collect();
        self.users[export.user].cart.retain(|item| !gone.contains(&item.id));
    }

    fn read_import(&mut self, package: usize, number: usize) {
        let importer = Viewer { user: self.packages[package].imports[number].by, key: None };
        let can = self.users[importer.user].enabled && self.may(importer, IMPORT, package);
        let package = &mut self.packages[package];
        let import = &mut package.imports[number];
        import.done = Some(can);
        if can {
            // Its id is read from the list once; everything else is known.
            let (path, content) = (import.path.clone(), import.content.clone());
            let state = State::Available;
            package.datasets.push(Dataset { id: String::new(), path, content, state, removed_at: None, was_there: true });
        }
    }
}
