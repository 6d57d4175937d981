//! The audit log's signed heads: `python/heads.py`.

use std::process::Command;

use anyhow::{Result, ensure};

use crate::{REGION, Stack, tree};

impl Stack {
    /// Verifies the audit log with its signed heads as an auditor would, and tries to get rid of the evidence; answers with
    /// what was printed.
    ///
    /// # Errors
    /// If something is not as it should be, with what was said.
    pub async fn verify_audit_log(&self) -> Result<String> {
        let (work, prefix, endpoint) = (self.folder().join("heads"), self.prefix().to_owned(), self.emulator_url());
        let credentials = self.account().credentials().clone();
        let output = tokio::task::spawn_blocking(move || {
            let python = test_servers::python_environment(&["boto3==1.44.5"]).join("bin/python");
            let mut command = Command::new(python);
            command.arg(tree().join("tests/stack/python/heads.py")).args([&endpoint, &prefix]).arg(work);
            command.arg(tree().join("scripts/verify-audit-log"));
            command.env("AWS_ACCESS_KEY_ID", &credentials.access_key_id).env("AWS_SECRET_ACCESS_KEY", &credentials.secret_access_key);
            command.env("AWS_DEFAULT_REGION", REGION).env("AWS_EC2_METADATA_DISABLED", "true").output()
        })
        .await??;
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        ensure!(output.status.success(), "the audit log does not verify:\n{said}");
        Ok(said)
    }
}
