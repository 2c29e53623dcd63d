fn main() -> micro::Result<()> {
    micro::run(otp_service::service)
}
