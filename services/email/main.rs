fn main() -> micro::Result<()> {
    micro::run(email_service::service)
}
