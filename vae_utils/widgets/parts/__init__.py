"""What every widget is made of: the base class and its fields, the bundler, and the modules that the pages share."""
