"""What a run leaves on disk for its user: the run folder, the plots and the report page."""
