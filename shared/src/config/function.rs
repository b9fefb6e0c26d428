//! Settings of a deployed function.

use std::collections::BTreeMap;

use tracing::level_filters::LevelFilter;

use super::{BadSetting, Env, Settings};
use crate::{
    aws::{AwsCredentials, AwsSettings},
    queue::QueueName,
};

/// What a function is told of its surroundings. What it has no use for it is not told, nor may it touch it: the
/// deployment template gives the address and the right together.
#[derive(Debug, Clone)]
pub struct FunctionSettings {
    pub aws: AwsSettings,
    pub table: String,
    pub bucket: Option<String>,
    pub kms_key: Option<String>,
    /// Addresses of the queues that the function may use.
    pub queues: BTreeMap<QueueName, String>,
    pub log: LevelFilter,
    /// Name of the deployment, under which its metrics are kept.
    pub stack: String,
    pub platform: Settings,
}

pub const TABLE: &str = "BATON_TABLE";
pub const BUCKET: &str = "BATON_BUCKET";
pub const KMS_KEY: &str = "BATON_KMS_KEY";

/// The variable that holds a queue's address.
pub fn queue_url(queue: QueueName) -> &'static str {
    queue.spec().address
}

impl FunctionSettings {
    pub fn read(env: &impl Env) -> Result<Self, BadSetting> {
        // Lambda sets the AWS_ variables itself; AWS_ENDPOINT_URL is there only beside a local stand-in.
        let credentials = AwsCredentials {
            access_key_id: env.required("AWS_ACCESS_KEY_ID")?,
            secret_access_key: env.required("AWS_SECRET_ACCESS_KEY")?.into(),
            session_token: env.text("AWS_SESSION_TOKEN").map(Into::into),
        };
        let endpoint = env.text("AWS_ENDPOINT_URL");
        let known = |queue: QueueName| env.text(queue_url(queue)).map(|url| (queue, url));
        Ok(Self {
            aws: AwsSettings { region: env.required("AWS_REGION")?, endpoint, credentials },
            table: env.required(TABLE)?,
            bucket: env.text(BUCKET),
            kms_key: env.text(KMS_KEY),
            queues: QueueName::ALL.into_iter().filter_map(known).collect(),
            log: env
                .parsed("BATON_LOG", "one of off, error, warn, info, debug, trace")?
                .unwrap_or(LevelFilter::INFO),
            stack: env.text("BATON_STACK").unwrap_or_else(|| "baton".into()),
            platform: Settings::read(env)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn lambda() -> HashMap<&'static str, &'static str> {
        HashMap::from([
            ("AWS_REGION", "eu-central-1"),
            ("AWS_ACCESS_KEY_ID", "key"),
            ("AWS_SECRET_ACCESS_KEY", "s3cret"),
            ("AWS_SESSION_TOKEN", "t0ken"),
            (TABLE, "baton"),
        ])
    }

    #[test]
    fn the_table_is_enough_and_needed() {
        let settings = FunctionSettings::read(&lambda()).unwrap();
        assert_eq!((settings.bucket, settings.kms_key, settings.queues.len()), (None, None, 0));
        let mut without = lambda();
        without.remove(TABLE);
        assert_eq!(FunctionSettings::read(&without).unwrap_err().to_string(), "BATON_TABLE: must be set");
    }

    #[test]
    fn each_queue_has_its_variable() {
        let mut env = lambda();
        env.insert("BATON_QUEUE_URL_RESUME_N8N", "https://sqs/resume");
        let settings = FunctionSettings::read(&env).unwrap();
        assert_eq!(
            settings.queues,
            BTreeMap::from([(QueueName::ResumeN8n, "https://sqs/resume".to_owned())])
        );
    }

    #[test]
    fn what_is_shown_holds_no_secret() {
        let shown = format!("{:?}", FunctionSettings::read(&lambda()).unwrap());
        assert!(!shown.contains("s3cret") && !shown.contains("t0ken"), "{shown}");
    }
}
