-- For the give_up scripts of sql/setup: the group of the node that is lost.
SELECT set_config('citusctl.lost_group', $1, false)
