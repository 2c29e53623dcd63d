//! Blobs on object storage that speaks S3.
