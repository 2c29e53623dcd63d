fn main() -> micro::Result<()> {
    micro::run(user_service::service)
}
