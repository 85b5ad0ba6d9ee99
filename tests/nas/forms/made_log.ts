/** Log of a macro search in the format of the released code: three layers, two epochs. */
export const macroLog = `${"-".repeat(80)}
Logging to outputs/stdout
epoch=0     ch_step=50     loss=2.302585 lr=0.0500   |g|=1.0831   tr_acc=12 /128 mins=0.50      
Epoch 1: Training controller
ctrl_step=0      loss=-4.224  ent=7.23  lr=0.0010 |g|=0.0515   acc=0.4000 bl=0.48  mins=0.60
Here are 10 architectures
[1]
[4 0]
[2 0 1]
val_acc=0.5062
${"-".repeat(80)}
[0]
[3 1]
[5 1 1]
val_acc=0.6250
${"-".repeat(80)}
Epoch 1: Eval
Eval at 352
valid_accuracy: 0.5500
Eval at 352
test_accuracy: 0.5411
epoch=1     ch_step=400    loss=1.5 lr=0.0500   |g|=1.0831   tr_acc=64 /128 mins=1.50      
Epoch 2: Training controller
Here are 10 architectures
[0]
[3 1]
[5 1 1]
val_acc=0.7500
${"-".repeat(80)}
Epoch 2: Eval
Eval at 704
valid_accuracy: 0.6100
Eval at 704
test_accuracy: 0.6000
`;
