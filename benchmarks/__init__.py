"""The paper table, the speed of training, and the page that reports both."""
