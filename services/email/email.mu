service email
    topics email
