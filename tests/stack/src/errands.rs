//! Errands that the journey leaves out: `python/errands.py`.

use std::process::Command;

use anyhow::{Result, ensure};

use crate::{Stack, build, tree};

impl Stack {
    /// Runs the `first` or `second` errands in the journey's deployment; answers with what was printed.
    ///
    /// # Errors
    /// If one fails, with what it said.
    pub async fn errands(&self, which: &'static str) -> Result<String> {
        let told = self.folder().join("journey/errands.out");
        let journey = std::fs::read_to_string(self.folder().join("journey/stack.out"))?;
        let (command, cluster) = (build::program("datalake")?, self.cluster_url());
        std::fs::write(&told, format!("{journey}Command  {}\nCluster  {cluster}\n", command.display()))?;
        let (work, prefix) = (self.folder().join("journey"), self.prefix().to_owned());
        let output = tokio::task::spawn_blocking(move || {
            let python = test_servers::python_environment(&["boto3==1.44.5"]).join("bin/python");
            Command::new(python).arg(tree().join("tests/stack/python/errands.py")).arg(told).arg(work).args([&prefix, which]).output()
        })
        .await??;
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        ensure!(output.status.success(), "an errand failed:\n{said}");
        Ok(said)
    }
}
