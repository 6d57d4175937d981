//! What follows from changes: the workers of the data lake, until nothing follows any more; and the same in the model.

use app::workers::{
    changes::Changes, housekeeping::Housekeeping, importing::Importing, indexing::Indexing, logging::Logging, manifest::Manifests,
};
use domain::{
    job::Job,
    ports::{Entry, Handler as _},
};
use testkit::builders::BUCKET;

use crate::{
    lake::{API, Lake},
    model::{Dataset, ExportState, Model, State, Waiting},
    oracle::{EXPORT, IMPORT, Viewer},
};

impl Lake {
    /// Lets the workers follow all changes so far.
    pub(crate) async fn drain(&self) {
        loop {
            let (changes, jobs) = (self.tables.take_changes(), self.jobs.take());
            if changes.is_empty() && jobs.is_empty() {
                return;
            }
            let outcome = Changes::new(self.jobs.clone()).handle(entries(changes)).await;
            assert!(outcome.failed.is_empty(), "changes that could not be told");
            let (audit, jobs): (Vec<Job>, Vec<Job>) = jobs.into_iter().partition(|job| matches!(job, Job::Audit { .. }));
            let (hints, jobs): (Vec<Job>, Vec<Job>) = jobs.into_iter().partition(|job| matches!(job, Job::Index { .. }));
            let outcome = Logging::new(self.tables.clone(), self.audit_log.clone()).handle(entries(audit)).await;
            assert!(outcome.failed.is_empty(), "audit records that could not be logged");
            let outcome =
                Indexing::new(self.tables.clone(), self.index.clone(), self.jobs.clone(), self.clock.clone()).handle(entries(hints)).await;
            assert!(outcome.failed.is_empty(), "packages that could not be indexed");
            for job in jobs {
                self.follow(job).await;
            }
        }
    }

    async fn follow(&self, job: Job) {
        let objects = self.objects.clone();
        let housekeeping =
            Housekeeping::new(self.tables.clone(), objects.clone(), objects.clone(), self.clock.clone(), self.ids.clone(), BUCKET);
        match job {
            Job::Export { user_id, export_id } => {
                let manifests = Manifests::new(self.core.clone(), objects, BUCKET, API);
                manifests.generate(&user_id, export_id).await.expect("manifests");
            }
            Job::Import { package_id, import_id } => {
                let importing = Importing::new(self.core.clone(), objects, BUCKET, None);
                importing.import(package_id, import_id).await.expect("an import that was read");
            }
            Job::RemoveExport { user_id, export_id } => housekeeping.remove_export(&user_id, export_id).await.expect("removed files"),
            Job::PackageDeleted { package_id } => housekeeping.package_deleted(package_id).await.expect("dropped uploads"),
            other => panic!("nothing here asks for {other:?}"),
        }
    }
}

fn entries<T>(bodies: Vec<T>) -> Vec<Entry<T>> {
    bodies.into_iter().enumerate().map(|(number, body)| Entry { id: number.to_string(), body }).collect()
}

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
