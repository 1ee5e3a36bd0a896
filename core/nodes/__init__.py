"""Other computers that train runs of this one, over dask.distributed."""
