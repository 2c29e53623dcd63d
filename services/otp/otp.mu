service otp
