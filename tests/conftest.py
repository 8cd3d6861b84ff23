from vae_utils.surroundings import one_thread

one_thread()
