-- Which position the newest event of the one order has. Whoever moves it gives the positions.
INSERT INTO hand_outs (name, position) VALUES ('sequence', 0);
