// Package job runs work after the transaction that asked for it: sending a
// mail, fulfilling an order, sweeping what has expired.
//
// A job is a row written in the caller's transaction, so it exists exactly
// when what asked for it does. It survives a crash, runs on any replica, and
// runs at least once: a handler must bear being run again, or call
// [Task.Complete] inside the transaction that holds its effect, which makes
// effect and completion one.
//
//	Enqueue
//	   |
//	   v      claimed: attempt+1, lease
//	ready -------------------------------> running
//	   ^                                   |  |  |
//	   |  failed: later, doubling          |  |  | succeeded
//	   +-----------------------------------+  |  +----------> done
//	   ^                                   |  |
//	   |  lease ended: claimed anew        |  | failed for good,
//	   +-----------------------------------+  | or too often
//	                                          +-------------> dead
//
// A worker holds a job by a lease that it renews. One that stalls past its
// lease loses the job to another, and whatever it then says about it is
// refused: each claim has its own attempt number, and every statement names it.
//
// What it refuses: a kind that nobody handles, a second live job of the same
// kind and unique name (the first stands), and a lease that is not yours.
package job
