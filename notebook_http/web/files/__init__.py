"""Files as answers: finding them, whether and which part to send, and folders of them."""
