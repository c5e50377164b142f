"""The console command risk."""
