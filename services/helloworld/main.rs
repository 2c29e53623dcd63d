fn main() -> micro::Result<()> {
    micro::run(helloworld_service::service)
}
