"""Ways in that are no page of the portal: the Telegram bot."""
