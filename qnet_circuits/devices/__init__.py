"""What a device is: calibration, repairs, durations, schedules; none of our circuits."""
